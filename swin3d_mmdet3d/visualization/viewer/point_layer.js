// Points as discs that lie in their surfaces, sized to the spacing around them.
const POINT_VERTEX = `#version 300 es
  in vec3 place; in vec3 color; in vec2 flat_normal; in float size; in uint side; in uint shown;
  uniform mat4 transform; uniform vec3 right, up, back;
  uniform float scale, cut, relief; uniform uint near_sides; uniform bool picking;
  out vec3 paint; out vec3 facing;
  void main() {
    gl_Position = transform * vec4(place, 1.0);
    bool cut_away = place.z > cut || shown == 0u || (side & near_sides) != 0u;
    if (cut_away) gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
    gl_PointSize = clamp(size * scale / gl_Position.w, 1.5, 64.0);
    vec3 normal = vec3(flat_normal, sqrt(max(0.0, 1.0 - dot(flat_normal, flat_normal))));
    facing = vec3(dot(normal, right), dot(normal, up), dot(normal, back));
    if (facing.z < 0.0) facing = -facing;  // which side of a surface is its outside is not known
    float light = 0.5 + 0.5 * dot(facing, vec3(0.25, 0.42, 0.87));
    paint = color * mix(1.0, 0.38 + 0.65 * light * light, relief);
    if (picking) { int i = gl_VertexID + 1; paint = vec3(i & 255, i >> 8 & 255, i >> 16 & 255) / 255.0; }
  }`;
const POINT_FRAGMENT = `#version 300 es
  precision highp float;
  in vec3 paint; in vec3 facing; out vec4 pixel;
  void main() {
    vec2 p = vec2(2.0, -2.0) * (gl_PointCoord - 0.5);
    float depth = dot(facing.xy, p) / max(facing.z, 0.35);
    if (dot(p, p) + depth * depth > 1.0) discard;
    pixel = vec4(paint, 1.0);
  }`;

function buildProgram(gl, vertex, fragment) {
  const program = gl.createProgram();
  for (const [kind, source] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader));
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  const places = {};
  return { program, uniform: name => places[name] ??= gl.getUniformLocation(program, name) };
}

class PointLayer {
  constructor(gl, scan) {
    Object.assign(this, { gl, scan, buffers: {}, array: gl.createVertexArray() }, buildProgram(gl, POINT_VERTEX, POINT_FRAGMENT));
    this.put('place', scan.xyz, 3, gl.FLOAT);
    this.put('size', scan.size, 1, gl.UNSIGNED_BYTE, true);
    this.put('side', scan.side, 1, gl.UNSIGNED_BYTE);
    this.put('flat_normal', new Int8Array(scan.normal.buffer), 2, gl.BYTE, true);
  }

  put(name, data, width, type, normalized = false) {
    const { gl } = this, slot = gl.getAttribLocation(this.program, name), whole = name === 'side' || name === 'shown';
    gl.bindVertexArray(this.array);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[name] ??= gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, data, gl.STATIC_DRAW);
    gl.enableVertexAttribArray(slot);
    if (whole) gl.vertexAttribIPointer(slot, width, type, 0, 0);
    else gl.vertexAttribPointer(slot, width, type, normalized, 0, 0);
  }

  recolor(colors, shown) {
    this.put('color', colors, 3, this.gl.UNSIGNED_BYTE, true);
    this.put('shown', shown, 1, this.gl.UNSIGNED_BYTE);
  }

  // `transform` may be that of a part of the window; `height` is that of all of it, in pixels.
  draw(camera, transform, height, look, picking = false) {
    const { gl, scan, uniform } = this, { right, up, back } = camera.axes();
    gl.useProgram(this.program);
    gl.bindVertexArray(this.array);
    gl.uniformMatrix4fv(uniform('transform'), false, transform);
    gl.uniform3fv(uniform('right'), right);
    gl.uniform3fv(uniform('up'), up);
    gl.uniform3fv(uniform('back'), back);
    const sparse = 1.3 * Math.sqrt(scan.count / look.count);  // discs overlap; fewer points must be larger
    gl.uniform1f(uniform('scale'), look.size * sparse * scan.largest * FOCAL * height / 2);
    gl.uniform1f(uniform('cut'), look.cut);
    gl.uniform1f(uniform('relief'), look.relief);
    gl.uniform1ui(uniform('near_sides'), look.hideNear ? camera.nearSides() : 0);
    gl.uniform1i(uniform('picking'), picking);
    gl.drawArrays(gl.POINTS, 0, look.count);
  }
}
