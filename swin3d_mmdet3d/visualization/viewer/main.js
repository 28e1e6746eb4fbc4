// The page: what is chosen, and drawing it anew whenever that changes.
const SLOW = 60, FAST = 25, REST = 200;  // milliseconds: of a frame that is too slow or quick, and after the last motion
const MIN_BUDGET = 10000, OUTLINE = 6000;  // points: drawn at least, and enough to outline the scan
const RELIEF = { colour: 0, shape: 1 }, CLASS_RELIEF = 0.35;  // how much normals shade

class Viewer {
  constructor(gl, scan) {
    Object.assign(this, { gl, scan, points: new PointLayer(gl, scan), light: new EdgeLight(gl), boxes: new BoxLayer(gl, scan), picker: new Picker(gl) });
    this.camera = new Camera(scan.extent, scan.turn);
    this.look = { size: 1, cut: Infinity, hideNear: true, relief: 0, count: scan.count };
    this.mode = ['prediction', 'truth'].find(name => scan.layers[name] && !scan.boxes.length) ?? modesOf(scan)[0];
    this.view = 'reset';  // null once the view was changed by hand
    this.hidden = new Set();
    this.sets = new Set(scan.boxes.map(set => set.title));
    // What a detector doubts is hidden at first, unless that is all there is.
    this.threshold = scan.allBoxes.some(box => box.score >= 0.3) ? 0.3 : 0;
    this.tags = true;
    this.detail = this.budget = scan.count;  // points: wanted, and drawn smoothly
    this.resting = null;
    this.lastMove = 0;
  }

  // Device pixels for each of the page's; coarse screens get smoother edges.
  get ratio() { return Math.min(2, Math.max(1.5, window.devicePixelRatio)); }

  redraw() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => { this.waiting = false; this.draw(); });
  }

  draw() {
    const canvas = byId('canvas'), tags = byId('tags'), { camera, look, scan, ratio } = this;
    fitCanvas(canvas, ratio);
    fitCanvas(tags, window.devicePixelRatio);
    const { width, height } = canvas;
    this.light.resize(width, height);
    look.count = Math.min(this.detail, this.resting === null ? scan.count : this.budget);
    const transform = camera.matrix();
    this.light.draw(camera, ratio, () => this.points.draw(camera, transform, height, look));
    this.boxes.draw(camera, transform, width, height, ratio);
    this.boxes.drawTags(tags, transform, window.devicePixelRatio, this.tags);
    byId('shown').textContent = `${look.count.toLocaleString('en')} of ${scan.total.toLocaleString('en')} points shown`;
  }

  // While the view moves, as many points as the machine draws smoothly; all of them when it rests.
  move(change) {
    change(this.camera, this.look);
    this.hover(null);
    const now = performance.now(), since = now - this.lastMove;
    this.lastMove = now;
    if (this.resting !== null && since > SLOW) this.budget = Math.max(Math.min(MIN_BUDGET, this.scan.count), Math.round(this.budget * 0.7));
    if (this.resting !== null && since < FAST) this.budget = Math.min(this.scan.count, Math.round(this.budget * 1.1));
    clearTimeout(this.resting);
    this.resting = setTimeout(() => { this.resting = null; this.redraw(); }, REST);
    this.redraw();
  }

  moveByHand(change) { this.view = null; this.move(change); }

  lookFrom(view) {
    this.view = view;
    this.move(camera => {
      camera.setWindow(window.innerWidth / window.innerHeight, freeWindow());
      if (!view) return;
      camera.turnTo(view);
      camera.fit(this.outline());
    });
  }

  // Places that bound what is to be seen: the scan begins with its coarse points.
  outline() {
    const { scan, camera, look } = this, near = look.hideNear ? camera.nearSides() : 0;
    const rows = Array.from({ length: Math.min(scan.count, OUTLINE) }, (_, i) => i).filter(i => !(scan.side[i] & near));
    const places = rows.map(i => pointPlace(scan, i)).filter(place => place[2] <= look.cut);
    return [...places, ...this.boxes.boxes.flatMap(box => box.corners), pointPlace(scan, 0)];
  }

  refresh() {
    const { scan, mode, hidden } = this, labels = labelsOf(scan, mode), shown = new Uint8Array(scan.count).fill(1);
    if (labels && hidden.size) for (let i = 0; i < scan.count; i++) if (hidden.has(labels[i])) shown[i] = 0;
    this.points.recolor(pointColors(scan, mode), shown);
    this.look.relief = RELIEF[mode] ?? CLASS_RELIEF;
    const boxes = this.likelyBoxes();
    this.boxes.show(boxes.filter(box => !hidden.has(box.label)));
    pressButton('modes', mode);
    if (mode === 'confidence') showRamp(scan);
    else showEntries(mode === 'error' ? errorEntries(scan) : classEntries(scan, mode, boxes), hidden, (label, on) => this.toggle(hidden, label, !on));
    this.redraw();
  }

  likelyBoxes() {
    const wanted = box => this.sets.has(box.set) && (box.score === null || box.score >= this.threshold);
    return this.scan.allBoxes.filter(wanted).sort((a, b) => (b.score ?? 0) - (a.score ?? 0));
  }

  toggle(set, entry, on) {
    if (on) set.add(entry);
    else set.delete(entry);
    this.refresh();
  }

  // Row of the point at a mouse event, -1 where there is none.
  pointAt({ clientX, clientY }) {
    const canvas = byId('canvas');
    return this.picker.pick(clientX * this.ratio, clientY * this.ratio, canvas, this.camera.matrix(),
                            part => this.points.draw(this.camera, part, canvas.height, this.look, true));
  }

  hover(event) {
    if (event && !this.hovered) requestAnimationFrame(() => {
      const row = this.hovered ? this.pointAt(this.hovered) : -1;
      showReadout(this.hovered, row < 0 ? '' : describePoint(this.scan, row, this.boxes.boxes));
      this.hovered = null;
    });
    if (!event) showReadout(null, '');
    this.hovered = event;
  }

  centre(event) {
    const row = this.pointAt(event);
    if (row >= 0) this.moveByHand(camera => { camera.target = pointPlace(this.scan, row); camera.zoom(0.6); });
  }
}

function fitCanvas(canvas, ratio) {
  const width = Math.round(canvas.clientWidth * ratio), height = Math.round(canvas.clientHeight * ratio);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
}

function addControls(viewer) {
  const { scan } = viewer, top = scan.extent[2];
  const settle = (key, value) => viewer.move((_, look) => { look[key] = value; });
  addButtons('modes', modesOf(scan), mode => { viewer.mode = mode; viewer.refresh(); }, true);
  addButtons('views', ['reset', 'top', 'front', 'side'], view => viewer.lookFrom(view), false);
  addSlider('cut', 'Cut at height', [0, 1, 0.01, 1], v => v === 1 ? 'off' : `${(v * top + scan.origin[2]).toFixed(2)} m`,
            v => settle('cut', v === 1 ? Infinity : v * top));
  addSlider('size', 'Point size', [0.4, 3, 0.1, 1], v => `× ${v.toFixed(1)}`, v => settle('size', v));
  addSlider('detail', 'Points shown', [0.05, 1, 0.05, 1], v => Math.round(v * scan.count).toLocaleString('en'),
            v => { viewer.detail = Math.round(v * scan.count); viewer.redraw(); });
  if (scan.allBoxes.some(box => box.score !== null)) {
    addSlider('threshold', 'Minimum score', [0, 1, 0.01, viewer.threshold],
              v => `${v.toFixed(2)}: ${scan.allBoxes.filter(box => box.score !== null && box.score >= v).length} boxes`,
              v => { viewer.threshold = v; viewer.refresh(); });
  }
  addCheck('near', 'Hide near walls and ceiling', true, on => settle('hideNear', on));
  addCheck('orthographic', 'Orthographic (no perspective)', false, on => { viewer.camera.orthographic = on; viewer.lookFrom(viewer.view); });
  scan.boxes.forEach(({ title, boxes }, i) => addCheck(`set${i}`, `Boxes: ${title} (${boxes.length})`, true, on => viewer.toggle(viewer.sets, title, on)));
  if (scan.boxes.length) addCheck('names', 'Names of boxes', true, on => { viewer.tags = on; viewer.redraw(); });
}

function start() {
  const canvas = byId('canvas'), gl = canvas.getContext('webgl2', { antialias: false, alpha: false }), scan = readScan();
  document.title = byId('title').textContent = scan.title;
  if (!gl) {
    document.body.append(make('p', { id: 'failure', textContent: 'This browser has no WebGL 2, which the viewer draws with.' }));
    return;
  }
  const viewer = new Viewer(gl, scan);
  gl.enable(gl.DEPTH_TEST);
  gl.clearColor(1, 1, 1, 1);
  addControls(viewer);
  byId('more').onclick = () => openOptions(!byId('panel').classList.contains('open'));
  byId('hint').textContent = matchMedia('(pointer: coarse)').matches
    ? 'Drag: turn. Two fingers: move and zoom. Tap: class and score. Double tap: centre.'
    : 'Drag: turn. Wheel: zoom. Right drag: move. Double click: centre.';
  listen(canvas, {
    hover: event => viewer.hover(event), centre: event => viewer.centre(event), look: view => viewer.lookFrom(view),
    orbit: (dx, dy) => viewer.moveByHand(camera => camera.orbit(dx, dy)),
    pan: (dx, dy) => viewer.moveByHand(camera => camera.pan(dx, dy, canvas.clientHeight)),
    zoom: by => viewer.moveByHand(camera => camera.zoom(by)),
  });
  openOptions(window.innerWidth > 640);
  viewer.refresh();
  // The scan keeps to what the panel leaves, also when its options open.
  const observer = new ResizeObserver(() => viewer.lookFrom(viewer.view));
  for (const element of [canvas, byId('panel')]) observer.observe(element);
}

start();
