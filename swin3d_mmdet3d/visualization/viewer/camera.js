// Orbit camera: yaw and pitch about a target, z up. The scan's walls lie along the axes turned by `turn`.
// Perspective or orthographic: at the target both have the same scale.
const FOCAL = 1 / Math.tan(0.3);  // vertical half angle of 0.3 radians
const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const moved = (a, b, by) => a.map((v, i) => v + by * b[i]);

function multiply(a, b) {  // of 4 x 4 matrices, columns first
  const m = new Float32Array(16);
  for (let c = 0; c < 4; c++) for (let r = 0; r < 4; r++) for (let k = 0; k < 4; k++) m[4 * c + r] += a[4 * k + r] * b[4 * c + k];
  return m;
}

class Camera {
  constructor(extent, turn) {
    const middle = extent.map(v => v / 2);
    Object.assign(this, { turn, yaw: 0, pitch: 0, distance: 1, middle, target: middle, reach: Math.hypot(...extent), orthographic: false,
                          aspect: 1, free: { x: 0, y: 0, width: 1, height: 1 } });
  }

  axes() {
    const { yaw, pitch } = this, c = Math.cos(pitch), s = Math.sin(pitch);
    return { right: [-Math.sin(yaw), Math.cos(yaw), 0], up: [-s * Math.cos(yaw), -s * Math.sin(yaw), c],
             back: [c * Math.cos(yaw), c * Math.sin(yaw), s] };
  }

  // The part of the window that the panel leaves, in shares of it from its upper left; the target lies in its middle.
  setWindow(aspect, free) { Object.assign(this, { aspect, free }); }

  shift() { const { x, y, width, height } = this.free; return [2 * x + width - 1, 1 - 2 * y - height]; }

  // Metres before and behind the target that are drawn without perspective: all of the scan, also what lies behind the eye.
  get depth() { return this.reach + Math.hypot(...moved(this.target, this.middle, -1)); }
  get near() { return this.orthographic ? this.distance - this.depth : this.distance / 50; }
  get far() { return this.orthographic ? this.distance + this.depth : this.distance * 20; }

  // By how much of the depth range lines stand over the surfaces they lie in: an eightieth of the target's distance.
  get lift() { return this.orthographic ? this.distance / 80 / this.depth : 0.0005; }

  matrix() {
    const { right, up, back } = this.axes(), eye = moved(this.target, back, this.distance);
    const { near, far, distance } = this, [sx, sy] = this.shift();
    const view = [right[0], up[0], back[0], 0, right[1], up[1], back[1], 0, right[2], up[2], back[2], 0,
                  -dot(right, eye), -dot(up, eye), -dot(back, eye), 1];
    // w, by which sizes are divided, is the depth of a place, or without perspective that of the target.
    const depth = this.orthographic
      ? [0, 0, 2 * distance / (near - far), 0, sx * distance, sy * distance, distance * (far + near) / (near - far), distance]
      : [-sx, -sy, (far + near) / (near - far), -1, 0, 0, 2 * far * near / (near - far), 0];
    return multiply([FOCAL / this.aspect, 0, 0, 0, 0, FOCAL, 0, 0, ...depth], view);
  }

  // 'reset' looks over a corner; the others straight along an axis of the room, its long side across a wide window.
  turnTo(name) {
    const wide = this.free.width * this.aspect >= this.free.height, across = this.turn + (wide ? -Math.PI / 2 : 0);
    const [yaw, pitch] = { reset: [across - 0.6, 0.72], top: [across, Math.PI / 2],
                           front: [this.turn - Math.PI / 2, 0], side: [this.turn, 0] }[name];
    Object.assign(this, { yaw, pitch });
  }

  // Move target and distance so that these places fill the free part of the window.
  fit(places) {
    const { right, up, back } = this.axes();
    const slopeX = 0.94 * this.free.width * this.aspect / FOCAL, slopeY = 0.94 * this.free.height / FOCAL;
    for (let round = 0; round < 8; round++) {
      const reach = { right: [Infinity, -Infinity], up: [Infinity, -Infinity] };
      let distance = 0.001;
      const offsets = places.map(place => moved(place, this.target, -1)).map(o => [dot(o, right), dot(o, up), this.orthographic ? 0 : dot(o, back)]);
      for (const [x, y, z] of offsets) distance = Math.max(distance, z + Math.max(Math.abs(x) / slopeX, Math.abs(y) / slopeY));
      for (const [x, y, z] of offsets) for (const [name, v] of [['right', x], ['up', y]]) {
        reach[name] = [Math.min(reach[name][0], v / (distance - z)), Math.max(reach[name][1], v / (distance - z))];
      }
      const middle = name => (reach[name][0] + reach[name][1]) / 2 * distance;
      this.target = moved(moved(this.target, right, middle('right')), up, middle('up'));
      this.distance = distance;
    }
  }

  orbit(dx, dy) {
    this.yaw -= dx * 0.006;
    this.pitch = Math.min(Math.PI / 2, Math.max(-Math.PI / 2, this.pitch + dy * 0.006));
  }

  // By pixels of a window of this height.
  pan(dx, dy, height) {
    const { right, up } = this.axes(), scale = 2 * this.distance / FOCAL / height;
    this.target = moved(moved(this.target, right, -dx * scale), up, dy * scale);
  }

  zoom(factor) {
    this.distance = Math.min(20 * this.reach, Math.max(0.01 * this.reach, this.distance * factor));
  }

  // Bits of the sides of the room that stand between the eye and its inside: -x, +x, -y, +y, floor, ceiling.
  nearSides() {
    const { back } = this.axes(), c = Math.cos(this.turn), s = Math.sin(this.turn);
    const own = [c * back[0] + s * back[1], c * back[1] - s * back[0], back[2]];
    return own.reduce((bits, v, i) => bits | (v < -0.15 ? 1 << 2 * i : v > 0.15 ? 2 << 2 * i : 0), 0);
  }
}
