// Mouse, touch and keys. One pointer turns, two move and zoom; `act` has orbit, pan, zoom, look, hover and centre.
const KEYS = { r: 'reset', t: 'top', f: 'front', s: 'side' };
const TURN = { ArrowLeft: [-40, 0], ArrowRight: [40, 0], ArrowUp: [0, -40], ArrowDown: [0, 40] };

function listen(canvas, act) {
  const pointers = new Map();
  let path = 0;  // pixels since the first pointer came down
  const middle = () => [...pointers.values()].reduce((sum, p) => [sum[0] + p.x / pointers.size, sum[1] + p.y / pointers.size], [0, 0]);
  const spread = () => { const [a, b] = pointers.values(); return b ? Math.hypot(a.x - b.x, a.y - b.y) : 0; };

  canvas.addEventListener('pointerdown', e => {
    canvas.setPointerCapture(e.pointerId);
    if (!pointers.size) path = 0;
    pointers.set(e.pointerId, { x: e.clientX, y: e.clientY });
    act.hover(null);
  });
  canvas.addEventListener('pointermove', e => {
    if (!pointers.has(e.pointerId)) { if (e.pointerType === 'mouse') act.hover(e); return; }
    const before = middle(), wide = spread();
    pointers.set(e.pointerId, { x: e.clientX, y: e.clientY });
    const after = middle(), dx = after[0] - before[0], dy = after[1] - before[1];
    path += Math.hypot(dx, dy);
    if (pointers.size > 1 || e.buttons & 6 || e.shiftKey) act.pan(dx, dy);
    else act.orbit(dx, dy);
    if (pointers.size === 2) act.zoom(wide / Math.max(spread(), 1));
  });
  const release = e => pointers.delete(e.pointerId);
  canvas.addEventListener('pointerup', release);
  canvas.addEventListener('pointercancel', release);
  canvas.addEventListener('pointerleave', () => act.hover(null));
  canvas.addEventListener('click', e => { if (path < 6) act.hover(e); });
  canvas.addEventListener('dblclick', e => act.centre(e));
  canvas.addEventListener('contextmenu', e => e.preventDefault());
  canvas.addEventListener('wheel', e => {
    e.preventDefault();
    act.zoom(Math.exp(e.deltaY * (e.deltaMode ? 0.03 : 0.001)));
  }, { passive: false });
  canvas.addEventListener('keydown', e => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    if (TURN[e.key]) act.orbit(...TURN[e.key]);
    else if (e.key === '+' || e.key === '=') act.zoom(0.8);
    else if (e.key === '-') act.zoom(1.25);
    else if (KEYS[e.key.toLowerCase()]) act.look(KEYS[e.key.toLowerCase()]);
    else return;
    e.preventDefault();
  });
}
