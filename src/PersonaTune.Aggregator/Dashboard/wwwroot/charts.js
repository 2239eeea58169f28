// Charts with uPlot. Values are read out above the plot: under the pointer, or by the arrow keys, else the latest.

import { h } from './dom.js';

const charts = new Set();

/** Redraws every chart: after a change of scheme, because a canvas does not follow the style sheet. */
export function redrawCharts() {
  for (const chart of charts) chart.rebuild();
}

function colour(name) {
  const probe = h('span', { class: 'sr' });
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

const ticks = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000];

/**
 * A chart over rounds or releases. `series`: `{ label, tone, dash, kind }`, kind `line` or `bars`; `tick` formats the vertical axis, `steps` are the
 * distances its lines may have; `zero` keeps 0 in view; `legend` are `[key, text]` pairs; `height` is in pixels.
 */
export class Chart {
  #options;
  #plot;
  #data;
  #readout;
  #box;
  #latest = '';

  constructor(options) {
    this.#options = { height: 190, ...options };
    this.#readout = h('p', { class: 'card-line', 'aria-live': 'polite' });
    this.#box = h('div', { class: 'plot', role: 'img', tabindex: 0, vars: { height: `${this.#options.height}px` } });
    this.element = h('div', {}, this.#readout, this.#box, options.legend ? h('ul', { class: 'legend' }, options.legend.map(([key, text]) =>
      h('li', {}, h('span', { class: 'key', 'data-key': key, 'aria-hidden': 'true' }), text))) : null);
    this.#box.addEventListener('keydown', (event) => this.#key(event));
    this.#box.addEventListener('blur', () => this.#leave());
    new ResizeObserver(() => this.#resize()).observe(this.#box);
    charts.add(this);
  }

  /** Shows `data` (uPlot's columns). `summary` describes the whole for those who do not see it, `latest` stands above it. */
  update(data, { summary, latest, read }) {
    this.#options.read = read;
    this.#data = data;
    this.#latest = latest;
    this.#box.setAttribute('aria-label', `${summary} Use the left and right arrow keys to read single values.`);
    if (this.#plot) this.#plot.setData(data);
    else this.rebuild();
    this.#leave();
  }

  rebuild() {
    this.#plot?.destroy();
    this.#plot = undefined;
    const width = this.#box.clientWidth;
    if (!this.#data || width === 0) return;
    const text = colour('muted');
    const line = colour('line');
    const font = `11px ${getComputedStyle(document.body).fontFamily}`;
    const axis = { stroke: text, font, grid: { stroke: line, width: 1 }, ticks: { show: false } };
    const measure = (plot, values) => Math.max(36, 14 + 6.4 * Math.max(0, ...(values ?? []).map((value) => value.length)));
    this.#plot = new uPlot({
      width,
      height: this.#options.height,
      padding: [8, 8, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
      scales: {
        x: { time: false, range: (plot, low, high) => this.#across(low, high) },
        y: { range: (plot, low, high) => this.#upward(low, high) },
      },
      axes: [
        { ...axis, grid: { show: false }, incrs: ticks, size: 28, gap: 6, space: 40, values: (plot, splits) => splits.map(String) },
        { ...axis, size: measure, gap: 8, ...(this.#options.steps ? { incrs: this.#options.steps } : {}), space: 36, values: (plot, splits) => splits.map(this.#options.tick) },
      ],
      series: [{}, ...this.#options.series.map((series) => this.#series(series))],
      hooks: { setCursor: [(plot) => this.#read(plot.cursor.idx)] },
    }, this.#data, this.#box);
  }

  #series({ label, tone, dash, kind }) {
    const stroke = colour(tone);
    if (kind === 'bars') return { label, stroke, fill: stroke, width: 0, points: { show: false }, paths: uPlot.paths.bars({ size: [0.65, 36], radius: 0.15 }) };
    const points = { show: !dash && this.#data[0].length <= 40, size: 5, fill: stroke, stroke };
    return { label, stroke, width: 1.75, dash: dash ? [5, 4] : undefined, points, spanGaps: true };
  }

  #across(low, high) {
    if (low === null) return [0, 1];
    const margin = this.#options.series[0].kind === 'bars' || low === high ? 0.6 : 0.02 * (high - low);
    return [low - margin, high + margin];
  }

  #upward(low, high) {
    if (low === null) return [0, 1];
    if (this.#options.zero) return [0, high === 0 ? 1 : high * 1.08];
    const margin = high === low ? Math.max(0.05, Math.abs(high) * 0.1) : 0.12 * (high - low);
    return [low - margin, high + margin];
  }

  #resize() {
    const width = this.#box.clientWidth;
    if (width === 0) return;
    if (this.#plot) {
      if (this.#plot.width !== width) this.#plot.setSize({ width, height: this.#options.height });
    } else {
      this.rebuild();
    }
  }

  #read(index) {
    const words = index === null || index === undefined ? null : this.#options.read?.(index);
    const text = words ?? this.#latest;
    if (this.#readout.textContent !== text) this.#readout.textContent = text;
  }

  #leave() {
    this.#plot?.setCursor({ left: -10, top: -10 });
    this.#read(null);
  }

  #key(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
    if (step === undefined || !this.#plot) return;
    event.preventDefault();
    const last = this.#data[0].length - 1;
    const at = this.#plot.cursor.idx ?? (step < 0 ? last + 1 : -1);
    const index = Math.min(last, Math.max(0, at + step));
    this.#plot.setCursor({ left: this.#plot.valToPos(this.#data[0][index], 'x'), top: 10 });
  }
}
