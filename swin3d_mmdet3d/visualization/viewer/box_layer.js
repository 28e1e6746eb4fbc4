// Boxes: edges as bands of some pixels, faint where points hide them and dashed without a score, and a tag above each.
const EDGE_VERTEX = `#version 300 es
  in vec3 start; in vec3 end; in vec4 color; in vec2 corner;
  uniform mat4 transform; uniform vec2 window; uniform float width, lift; out vec3 paint; out vec2 dash;
  void main() {
    vec4 a = transform * vec4(start, 1.0), b = transform * vec4(end, 1.0);
    // An end behind the eye is drawn back before it.
    if (a.w < 0.01 && b.w > a.w) a = mix(a, b, (0.01 - a.w) / (b.w - a.w));
    if (b.w < 0.01 && a.w > b.w) b = mix(b, a, (0.01 - b.w) / (a.w - b.w));
    vec2 along = normalize((b.xy / b.w - a.xy / a.w) * window + 1e-6);
    vec4 at = corner.x < 0.5 ? a : b;
    at.xy += (vec2(-along.y, along.x) * corner.y + along * (corner.x - 0.5)) * width / window * at.w;
    at.z -= lift * at.w;  // over the points of the box's own faces
    gl_Position = at;
    paint = color.rgb;
    dash = vec2(corner.x * distance(start, end), color.a);
  }`;
const EDGE_FRAGMENT = `#version 300 es
  precision highp float; in vec3 paint; in vec2 dash; uniform float strength; out vec4 pixel;
  void main() { if (dash.y > 0.5 && fract(dash.x * 8.0) > 0.55) discard; pixel = vec4(paint, strength); }`;
const EDGES = [[0, 1], [2, 3], [4, 5], [6, 7], [0, 2], [1, 3], [4, 6], [5, 7], [0, 4], [1, 5], [2, 6], [3, 7]];
const BAND = [[0, -1], [1, -1], [0, 1], [0, 1], [1, -1], [1, 1]];  // two triangles: which end, which edge
const FLOATS = 12;

const boxName = (scan, box) => scan.names[box.label] + (box.score === null ? '' : ' ' + box.score.toFixed(2));
const boxCenter = box => box.corners[0].map((v, i) => (v + box.corners[7][i]) / 2);

// Whether a point lies in a box: between the faces along each of its three edges, give or take 2 cm.
function isInside(box, point) {
  const offset = moved(point, boxCenter(box), -1);
  return [1, 2, 4].every(i => {
    const edge = moved(box.corners[i], box.corners[0], -1), length = Math.hypot(...edge);
    return Math.abs(dot(offset, edge)) <= (length / 2 + 0.02) * length;
  });
}

class BoxLayer {
  constructor(gl, scan) {
    Object.assign(this, { gl, scan, boxes: [], buffer: gl.createBuffer(), array: gl.createVertexArray() }, buildProgram(gl, EDGE_VERTEX, EDGE_FRAGMENT));
    gl.bindVertexArray(this.array);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
    let offset = 0;
    for (const [name, width] of [['start', 3], ['end', 3], ['color', 4], ['corner', 2]]) {
      const slot = gl.getAttribLocation(this.program, name);
      gl.enableVertexAttribArray(slot);
      gl.vertexAttribPointer(slot, width, gl.FLOAT, false, 4 * FLOATS, 4 * offset);
      offset += width;
    }
  }

  show(boxes) {
    this.boxes = boxes;
    const rows = boxes.flatMap(box => EDGES.flatMap(([a, b]) =>
      BAND.flatMap(corner => [...box.corners[a], ...box.corners[b], ...box.color.map(v => v / 255), Number(box.score === null), ...corner])));
    this.gl.bindBuffer(this.gl.ARRAY_BUFFER, this.buffer);
    this.gl.bufferData(this.gl.ARRAY_BUFFER, new Float32Array(rows), this.gl.DYNAMIC_DRAW);
  }

  draw(camera, transform, width, height, pixelRatio) {
    if (!this.boxes.length) return;
    const { gl, uniform } = this;
    gl.useProgram(this.program);
    gl.bindVertexArray(this.array);
    gl.uniformMatrix4fv(uniform('transform'), false, transform);
    gl.uniform2f(uniform('window'), width, height);
    gl.uniform1f(uniform('width'), 2.2 * pixelRatio);
    gl.uniform1f(uniform('lift'), camera.lift);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA);
    gl.depthMask(false);
    for (const [order, strength] of [[gl.GREATER, 0.28], [gl.LEQUAL, 1]]) {
      gl.depthFunc(order);
      gl.uniform1f(uniform('strength'), strength);
      gl.drawArrays(gl.TRIANGLES, 0, this.boxes.length * EDGES.length * BAND.length);
    }
    gl.depthFunc(gl.LEQUAL);
    gl.depthMask(true);
    gl.disable(gl.BLEND);
  }

  // Names and scores above the boxes, the best first; a tag that would cover another is left out.
  drawTags(canvas, transform, pixelRatio, wanted) {
    const pen = canvas.getContext('2d'), taken = [];
    pen.clearRect(0, 0, canvas.width, canvas.height);
    if (!wanted) return;
    pen.font = `600 ${12 * pixelRatio}px system-ui, sans-serif`;
    pen.textBaseline = 'middle';
    for (const box of this.boxes) {
      const top = boxCenter(box);
      top[2] = Math.max(...box.corners.map(c => c[2]));
      const [x, y, , w] = [0, 1, 2, 3].map(r => transform[r] * top[0] + transform[4 + r] * top[1] + transform[8 + r] * top[2] + transform[12 + r]);
      if (w <= 0 || Math.abs(x) > w || Math.abs(y) > w) continue;
      const text = boxName(this.scan, box), width = pen.measureText(text).width + 10 * pixelRatio, height = 18 * pixelRatio;
      const left = (x / w + 1) / 2 * canvas.width - width / 2, above = (1 - y / w) / 2 * canvas.height - height;
      const tag = { x: Math.max(0, Math.min(left, canvas.width - width)), y: Math.max(0, above), width, height };
      if (taken.some(t => t.x < tag.x + width && tag.x < t.x + t.width && t.y < tag.y + height && tag.y < t.y + t.height)) continue;
      taken.push(tag);
      const [r, g, b] = box.color, dark = 0.3 * r + 0.59 * g + 0.11 * b > 140;
      pen.fillStyle = `rgb(${r}, ${g}, ${b})`;
      pen.beginPath();
      pen.roundRect(tag.x, tag.y, width, height, 4 * pixelRatio);
      pen.fill();
      pen.strokeStyle = '#fff';
      pen.lineWidth = pixelRatio;
      pen.stroke();
      pen.fillStyle = dark ? '#111' : '#fff';
      pen.fillText(text, tag.x + 5 * pixelRatio, tag.y + height / 2);
    }
  }
}
