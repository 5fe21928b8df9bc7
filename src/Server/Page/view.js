// The image on its canvas: zoom, pan, window and level, outlines and fill at any threshold.
import { segments, count } from './outline.js';

const largest = 2048, largestMap = 768;
const colour = '#ffd60a';

/** A PNG as bytes of grey, reduced to a largest side. */
export async function grey(blob, most) {
  const bitmap = await createImageBitmap(blob, { premultiplyAlpha: 'none', colorSpaceConversion: 'none' });
  const scale = Math.min(1, most / Math.max(bitmap.width, bitmap.height));
  const width = Math.max(1, Math.round(bitmap.width * scale)), height = Math.max(1, Math.round(bitmap.height * scale));
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, 0, 0, width, height);
  const pixels = context.getImageData(0, 0, width, height).data;
  const values = new Uint8Array(width * height);
  for (let i = 0; i < values.length; i++) values[i] = pixels[4 * i];
  const full = { width: bitmap.width, height: bitmap.height };
  bitmap.close();
  return { width, height, values, full };
}

export const loadImage = blob => grey(blob, largest);
export const loadMap = blob => grey(blob, largestMap);

export class View {
  constructor(canvas, changed) {
    this.canvas = canvas;
    this.changed = changed;
    this.context = canvas.getContext('2d');
    this.drag = 'window';
    this.outlines = true;
    this.opacity = 0.25;
    this.threshold = 0.5;
    this.pointers = new Map();
    new ResizeObserver(() => this.resize()).observe(canvas);
    canvas.addEventListener('pointerdown', e => this.down(e));
    canvas.addEventListener('pointermove', e => this.move(e));
    for (const end of ['pointerup', 'pointercancel']) canvas.addEventListener(end, e => this.pointers.delete(e.pointerId));
    canvas.addEventListener('wheel', e => { e.preventDefault(); this.zoom(Math.exp(-e.deltaY / 400), e.offsetX, e.offsetY); }, { passive: false });
    canvas.addEventListener('dblclick', () => this.fit());
    canvas.addEventListener('contextmenu', e => e.preventDefault());
  }

  show(image, map) {
    this.image = image;
    this.map = map;
    this.centre = 127.5;
    this.width = 255;
    this.inverted = false;
    this.sheet = new OffscreenCanvas(image.width, image.height);
    this.fillSheet = new OffscreenCanvas(map.width, map.height);
    this.paint();
    this.trace();
    this.resize();
    this.fit();
  }

  /** The share of the image over the threshold, before clean-up. */
  get share() { return count(this.map.values, this.threshold * 255) / this.map.values.length; }

  setThreshold(value) {
    this.threshold = value;
    if (!this.map) return;
    this.trace();
    this.draw();
  }

  setWindow(centre, width) {
    this.centre = Math.min(255, Math.max(0, centre));
    this.width = Math.min(510, Math.max(2, width));
    this.paint();
    this.draw();
  }

  invert() {
    this.inverted = !this.inverted;
    this.paint();
    this.draw();
  }

  set(name, value) {
    this[name] = value;
    this.canvas.classList.toggle('move', this.drag === 'move');
    this.draw();
  }

  fit() {
    if (!this.image) return;
    const { clientWidth: w, clientHeight: h } = this.canvas;
    this.scale = Math.min(w / this.image.width, h / this.image.height);
    this.x = (w - this.image.width * this.scale) / 2;
    this.y = (h - this.image.height * this.scale) / 2;
    this.draw();
  }

  zoom(factor, x = this.canvas.clientWidth / 2, y = this.canvas.clientHeight / 2) {
    if (!this.image) return;
    const least = 0.2 * Math.min(this.canvas.clientWidth / this.image.width, this.canvas.clientHeight / this.image.height);
    const scale = Math.min(40, Math.max(least, this.scale * factor));
    this.x = x - (x - this.x) * scale / this.scale;
    this.y = y - (y - this.y) * scale / this.scale;
    this.scale = scale;
    this.draw();
  }

  pan(dx, dy) {
    this.x += dx;
    this.y += dy;
    this.draw();
  }

  down(e) {
    this.canvas.focus();
    this.canvas.setPointerCapture(e.pointerId);
    this.pointers.set(e.pointerId, { x: e.offsetX, y: e.offsetY });
  }

  move(e) {
    const before = this.pointers.get(e.pointerId);
    if (!before || !this.image) return;
    const now = { x: e.offsetX, y: e.offsetY }, dx = now.x - before.x, dy = now.y - before.y;
    if (this.pointers.size === 2) {
      // Two fingers: the one that did not move stays where it is.
      const other = [...this.pointers.entries()].find(([id]) => id !== e.pointerId)[1];
      const distance = p => Math.hypot(p.x - other.x, p.y - other.y);
      if (distance(before) > 4) this.zoom(distance(now) / distance(before), other.x, other.y);
    } else {
      const windows = (this.drag === 'window') !== (e.shiftKey || (e.buttons & 6) !== 0);
      if (windows) this.setWindow(this.centre - dy * 0.5, this.width + dx);
      else this.pan(dx, dy);
    }
    this.pointers.set(e.pointerId, now);
  }

  resize() {
    const ratio = window.devicePixelRatio || 1;
    const width = Math.round(this.canvas.clientWidth * ratio), height = Math.round(this.canvas.clientHeight * ratio);
    if (this.canvas.width === width && this.canvas.height === height) return;
    this.canvas.width = width;
    this.canvas.height = height;
    this.fit();
  }

  // Grey values through the window.
  paint() {
    const table = new Uint8ClampedArray(256), low = this.centre - this.width / 2;
    for (let i = 0; i < 256; i++) {
      const value = (i - low) / this.width * 255;
      table[i] = this.inverted ? 255 - value : value;
    }
    const context = this.sheet.getContext('2d'), data = context.createImageData(this.image.width, this.image.height), pixels = new Uint32Array(data.data.buffer);
    for (let i = 0; i < pixels.length; i++) pixels[i] = 0xff000000 | table[this.image.values[i]] * 0x010101;
    context.putImageData(data, 0, 0);
  }

  // Outlines and fill of the threshold.
  trace() {
    const { width, height, values } = this.map, level = this.threshold * 255;
    const lines = segments(values, width, height, level);
    this.path = new Path2D();
    for (let i = 0; i < lines.length; i += 4) {
      this.path.moveTo(lines[i], lines[i + 1]);
      this.path.lineTo(lines[i + 2], lines[i + 3]);
    }
    const context = this.fillSheet.getContext('2d'), data = context.createImageData(width, height), pixels = new Uint32Array(data.data.buffer);
    for (let i = 0; i < pixels.length; i++) pixels[i] = values[i] > level ? 0xff0ad6ff : 0;
    context.putImageData(data, 0, 0);
    this.changed();
  }

  draw() {
    if (!this.image) return;
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => {
      const context = this.context, ratio = this.canvas.width / this.canvas.clientWidth;
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(0, 0, this.canvas.width, this.canvas.height);
      context.setTransform(ratio * this.scale, 0, 0, ratio * this.scale, ratio * this.x, ratio * this.y);
      context.imageSmoothingEnabled = this.scale < 3;
      context.drawImage(this.sheet, 0, 0);
      const up = this.image.width / this.map.width;
      context.scale(up, this.image.height / this.map.height);
      context.imageSmoothingEnabled = true;
      context.globalAlpha = this.opacity;
      context.drawImage(this.fillSheet, 0, 0);
      context.globalAlpha = 1;
      if (!this.outlines) return;
      context.lineJoin = 'round';
      for (const [width, style] of [[3.5, 'rgba(0, 0, 0, .55)'], [1.75, colour]]) {
        context.lineWidth = width / (this.scale * up);
        context.strokeStyle = style;
        context.stroke(this.path);
      }
    });
  }
}
