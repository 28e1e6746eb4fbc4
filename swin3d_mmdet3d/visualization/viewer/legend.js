// What the legend lists: what can be seen in a mode, with its share of the points or its number of boxes.
const percent = share => (share < 0.001 ? '< 0.1' : (100 * share).toFixed(share < 0.1 ? 1 : 0)) + ' %';

function tally(values) {
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) || 0) + 1);
  return counts;
}

function errorEntries(scan) {
  const counts = tally(Array.from({ length: scan.count }, (_, i) => verdict(scan, i)));
  return ['right', 'wrong', 'unlabelled'].filter(name => counts.has(name))
    .map(name => ({ name, color: scan.colors[name], note: percent(counts.get(name) / scan.count) }));
}

// Classes of the points, where they are drawn in their colours, and of the boxes.
function classEntries(scan, mode, boxes) {
  const points = tally(scan.layers[mode] && mode !== 'colour' ? scan.layers[mode] : []), numbers = tally(boxes.map(box => box.label));
  const labels = [...new Set([...points.keys(), ...numbers.keys()])].sort((a, b) => a - b);
  return labels.map(label => {
    const number = numbers.get(label), nothing = scan.boxes.length ? 'in no box' : 'unlabelled';
    const note = number ? `${number} box${number > 1 ? 'es' : ''}` : percent(points.get(label) / scan.count);
    return { label, name: scan.names[label] ?? nothing, color: classColor(scan, label), note };
  });
}

// Entries with a label get a box to tick, which tells `toggle` the label and whether it is shown.
function showEntries(entries, hidden, toggle) {
  byId('legend').replaceChildren(...entries.map(({ label, name, color, note }) => {
    const swatch = make('span', { className: 'swatch' }), parts = [swatch, make('span', { textContent: name }), make('span', { className: 'share', textContent: note })];
    swatch.style.background = `rgb(${color})`;
    if (label === undefined) return make('div', { className: 'entry fixed' }, ...parts);
    const input = make('input', { type: 'checkbox', checked: !hidden.has(label) });
    input.setAttribute('aria-label', `Show ${name}`);
    input.onchange = () => toggle(label, input.checked);
    return make('label', { className: 'entry' }, input, ...parts);
  }));
}

function showRamp({ colors, confidence, count }) {
  const bar = make('div', { className: 'ramp' }), mean = confidence.reduce((sum, v) => sum + v, 0) / 255 / count;
  bar.style.background = `linear-gradient(to right, ${colors.ramp.map(color => `rgb(${color})`).join(', ')})`;
  const ends = ['0', `confidence, mean ${mean.toFixed(2)}`, '1'].map(text => make('span', { textContent: text }));
  byId('legend').replaceChildren(bar, make('div', { className: 'ends' }, ...ends));
}
