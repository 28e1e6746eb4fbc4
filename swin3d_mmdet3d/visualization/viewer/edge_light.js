// Eye-dome lighting: the points are drawn aside, and put on the page darker where neighbouring pixels are nearer.
const SCREEN_VERTEX = `#version 300 es
  void main() { gl_Position = vec4(vec2(gl_VertexID & 1, gl_VertexID >> 1) * 4.0 - 1.0, 0.0, 1.0); }`;
const SCREEN_FRAGMENT = `#version 300 es
  precision highp float;
  uniform highp sampler2D color, depth; uniform float near, far, target; uniform int reach; uniform bool orthographic; out vec4 pixel;
  float log_distance(ivec2 at) {
    float d = texelFetch(depth, clamp(at, ivec2(0), textureSize(depth, 0) - 1), 0).r;
    if (orthographic) return d * (far - near) / (target * log(2.0));  // its slope at the target
    return log2(near * far / (far - d * (far - near)));
  }
  void main() {
    ivec2 at = ivec2(gl_FragCoord.xy);
    float d = texelFetch(depth, at, 0).r, own = log_distance(at), hidden = 0.0;
    for (int i = 0; i < 4; i++) {
      ivec2 step = (i < 2 ? ivec2(reach, 0) : ivec2(0, reach)) * (i % 2 * 2 - 1);
      hidden += max(0.0, own - log_distance(at + step)) / 4.0;
    }
    gl_FragDepth = d;
    pixel = vec4(d == 1.0 ? vec3(1.0) : texelFetch(color, at, 0).rgb * exp(-12.0 * min(hidden, 0.08)), 1.0);
  }`;

class EdgeLight {
  constructor(gl) {
    Object.assign(this, { gl, width: 0, height: 0, frame: gl.createFramebuffer(), array: gl.createVertexArray() },
                  buildProgram(gl, SCREEN_VERTEX, SCREEN_FRAGMENT));
  }

  resize(width, height) {
    if (width === this.width && height === this.height) return;
    const { gl } = this;
    for (const old of [this.color, this.depth]) gl.deleteTexture(old);
    Object.assign(this, { width, height });
    Object.assign(this, { color: this.texture(gl.RGBA8), depth: this.texture(gl.DEPTH_COMPONENT24) });
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.frame);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, this.color, 0);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.DEPTH_ATTACHMENT, gl.TEXTURE_2D, this.depth, 0);
  }

  texture(format) {
    const { gl } = this, texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texStorage2D(gl.TEXTURE_2D, 1, format, this.width, this.height);
    for (const key of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, key, gl.NEAREST);
    return texture;
  }

  // What `paint` draws, lit; its depths stay for what is drawn next.
  draw(camera, pixelRatio, paint) {
    const { gl, uniform } = this;
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.frame);
    gl.viewport(0, 0, this.width, this.height);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    paint();
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    gl.useProgram(this.program);
    gl.bindVertexArray(this.array);
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, this.color);
    gl.activeTexture(gl.TEXTURE1);
    gl.bindTexture(gl.TEXTURE_2D, this.depth);
    gl.uniform1i(uniform('color'), 0);
    gl.uniform1i(uniform('depth'), 1);
    gl.uniform1f(uniform('near'), camera.near);
    gl.uniform1f(uniform('far'), camera.far);
    gl.uniform1f(uniform('target'), camera.distance);
    gl.uniform1i(uniform('orthographic'), camera.orthographic);
    gl.uniform1i(uniform('reach'), Math.max(1, Math.round(1.2 * pixelRatio)));
    gl.depthFunc(gl.ALWAYS);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    gl.depthFunc(gl.LEQUAL);
  }
}
