// The scan as Python wrote it: every array is base64 of little-endian numbers; x = origin + step * (position + 32768).
const UNLABELED = 255;

function bytes(text) { return Uint8Array.from(atob(text), c => c.charCodeAt(0)); }

function readScan() {
  const scan = JSON.parse(document.getElementById('scan').textContent);
  const place = new Int16Array(bytes(scan.position).buffer);
  const xyz = new Float32Array(place.length);
  for (let i = 0; i < place.length; i++) xyz[i] = (place[i] + 32768) * scan.step[i % 3];
  scan.xyz = xyz;  // metres from the origin
  scan.count = place.length / 3;
  for (const name of ['size', 'side', 'normal', 'confidence']) scan[name] = scan[name] && bytes(scan[name]);
  for (const name of Object.keys(scan.layers)) scan.layers[name] = bytes(scan.layers[name]);
  scan.allBoxes = scan.boxes.flatMap(({ title, boxes }) => boxes.map(box => ({
    ...box, set: title, color: scan.palette[box.label], corners: box.corners.map(c => c.map((v, i) => v - scan.origin[i])),
  })));
  return scan;
}

// The ways of colouring the points that this scan allows.
function modesOf({ layers, confidence }) {
  const modes = [layers.colour ? 'colour' : 'shape'];
  for (const name of ['truth', 'prediction']) if (layers[name]) modes.push(name);
  if (layers.truth && layers.prediction) modes.push('error');
  if (confidence) modes.push('confidence');
  return modes;
}

// Whose classes are hidden in a mode.
function labelsOf({ layers }, mode) { return mode === 'truth' ? layers.truth : layers.prediction || layers.truth; }

function rampColor(ramp, share) {
  const at = share * (ramp.length - 1), low = Math.min(Math.floor(at), ramp.length - 2);
  return ramp[low].map((v, i) => Math.round(v + (at - low) * (ramp[low + 1][i] - v)));
}

function classColor(scan, label) { return label < scan.names.length ? scan.palette[label] : scan.colors.unlabelled; }

// right, wrong or unlabelled
function verdict({ layers, names }, i) {
  if (layers.truth[i] >= names.length) return 'unlabelled';
  return layers.truth[i] === layers.prediction[i] ? 'right' : 'wrong';
}

// Three bytes a point.
function pointColors(scan, mode) {
  if (mode === 'colour') return scan.layers.colour;
  const colors = new Uint8Array(3 * scan.count), ramp = [...Array(256).keys()].map(v => rampColor(scan.colors.ramp, v / 255));
  for (let i = 0; i < scan.count; i++) {
    let color = scan.colors.shape;
    if (mode === 'confidence') color = ramp[scan.confidence[i]];
    else if (mode === 'error') color = scan.colors[verdict(scan, i)];
    else if (mode !== 'shape') color = classColor(scan, scan.layers[mode][i]);
    colors.set(color, 3 * i);
  }
  return colors;
}

const pointPlace = (scan, row) => [0, 1, 2].map(i => scan.xyz[3 * row + i]);

// What is known of a point, a line each; `boxes` are those that are drawn.
function describePoint(scan, row, boxes) {
  const { layers: { truth, prediction }, confidence, names, origin } = scan, place = pointPlace(scan, row);
  const name = label => names[label] ?? 'unlabelled', lines = [];
  for (const box of boxes) if (isInside(box, place)) lines.push(`${box.set}: ${boxName(scan, box)}`);
  if (prediction && !scan.boxes.length) lines.push(`prediction: ${name(prediction[row])}${confidence ? ` ${(confidence[row] / 255).toFixed(2)}` : ''}`);
  if (truth) lines.push(`truth: ${name(truth[row])}`);
  return [...lines, `${place.map((v, i) => (v + origin[i]).toFixed(2)).join(', ')} m`].join('\n');
}
