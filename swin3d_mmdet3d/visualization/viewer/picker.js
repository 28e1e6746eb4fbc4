// What lies under the cursor: points are drawn with their numbers as colours into a few pixels around it.
const REACH = 5;  // pixels to either side

class Picker {
  constructor(gl) {
    const side = 2 * REACH + 1, color = gl.createRenderbuffer(), depth = gl.createRenderbuffer();
    Object.assign(this, { gl, side, frame: gl.createFramebuffer() });
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.frame);
    for (const [buffer, format, use] of [[color, gl.RGBA8, gl.COLOR_ATTACHMENT0], [depth, gl.DEPTH_COMPONENT24, gl.DEPTH_ATTACHMENT]]) {
      gl.bindRenderbuffer(gl.RENDERBUFFER, buffer);
      gl.renderbufferStorage(gl.RENDERBUFFER, format, side, side);
      gl.framebufferRenderbuffer(gl.FRAMEBUFFER, use, gl.RENDERBUFFER, buffer);
    }
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
  }

  // The row of the point nearest to (x, y) in device pixels of a window; -1 where there is none.
  pick(x, y, { width, height }, transform, draw) {
    const { gl, side } = this, grow = [width / side, height / side];
    const middle = [2 * x / width - 1, 1 - 2 * y / height];
    const part = multiply([grow[0], 0, 0, 0, 0, grow[1], 0, 0, 0, 0, 1, 0, -grow[0] * middle[0], -grow[1] * middle[1], 0, 1], transform);
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.frame);
    gl.viewport(0, 0, side, side);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    draw(part);
    const pixels = new Uint8Array(4 * side * side);
    gl.readPixels(0, 0, side, side, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.clearColor(1, 1, 1, 1);
    let best = -1, nearest = Infinity;
    for (let i = 0; i < side * side; i++) {
      const row = pixels[4 * i] + 256 * pixels[4 * i + 1] + 65536 * pixels[4 * i + 2] - 1;
      const away = Math.hypot(i % side - REACH, Math.floor(i / side) - REACH);
      if (row >= 0 && away < nearest) { best = row; nearest = away; }
    }
    return best;
  }
}
