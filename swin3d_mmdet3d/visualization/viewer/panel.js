// The controls: each one a labelled element of the page that calls back with its value.
const byId = id => document.getElementById(id);

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function addButtons(id, names, choose, isToggle) {
  for (const name of names) {
    const button = make('button', { type: 'button', textContent: name[0].toUpperCase() + name.slice(1) });
    button.dataset.name = name;
    if (isToggle) button.setAttribute('aria-pressed', 'false');
    button.onclick = () => choose(name);
    byId(id).append(button);
  }
}

function pressButton(id, name) {
  for (const button of byId(id).children) button.setAttribute('aria-pressed', String(button.dataset.name === name));
}

// `say` gives the text beside the slider.
function addSlider(id, title, [min, max, step, value], say, change) {
  const input = make('input', { id, type: 'range', min, max, step, value }), output = make('output');
  output.htmlFor.add(id);
  const show = () => { output.textContent = say(Number(input.value)); input.setAttribute('aria-valuetext', output.textContent); };
  input.oninput = () => { show(); change(Number(input.value)); };
  show();
  byId('sliders').append(make('div', { className: 'slider' }, make('label', { htmlFor: id, textContent: title }), output, input));
}

function addCheck(id, title, checked, change) {
  const input = make('input', { id, type: 'checkbox', checked });
  input.onchange = () => change(input.checked);
  byId('sliders').append(make('label', { className: 'check' }, input, title));
}

// The part of the window that the panel leaves, in shares of it.
function freeWindow() {
  const { innerWidth: width, innerHeight: height } = window, panel = byId('panel').getBoundingClientRect();
  if (panel.width > 0.9 * width) return { x: 0, y: 0, width: 1, height: Math.max(0.2, panel.top / height) };
  const left = panel.right / width;
  return { x: left, y: 0, width: 1 - left, height: 1 };
}

function openOptions(open) {
  byId('panel').classList.toggle('open', open);
  byId('more').setAttribute('aria-expanded', String(open));
}

function showReadout(event, text) {
  const readout = byId('readout');
  readout.hidden = !text;
  if (!text) return;
  readout.textContent = text;
  const { width, height } = readout.getBoundingClientRect();
  const x = Math.min(event.clientX + 14, window.innerWidth - width - 6), y = event.clientY - height - 14;
  readout.style.left = `${Math.max(6, x)}px`;
  readout.style.top = `${y > 6 ? y : event.clientY + 18}px`;
}
