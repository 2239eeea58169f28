// Loss, accuracy and bytes over rounds.

import { Chart } from './charts.js';
import { empty, fill } from './dom.js';
import * as format from './format.js';

/** A chart in a card, or the words that explain why there is none. */
class ChartSection {
  #element;
  #options;
  #chart;

  constructor(element, options) {
    this.#element = element;
    this.#options = options;
  }

  render({ points, task }) {
    if (points.length === 0) {
      this.#chart = undefined;
      fill(this.#element, empty(this.#options.nothing));
      return;
    }

    if (!this.#chart) {
      this.#chart = new Chart(this.#options);
      fill(this.#element, this.#chart.element);
    }

    const { name, show } = this.#options;
    const say = ([round, value]) => `Round ${format.integer(round)}: ${show(value)}`;
    this.#chart.update([points.map(([round]) => round), points.map(([, value]) => value)], {
      summary: `${name} of task ${task} by round. ${say(points[0])}. ${say(points.at(-1))}.`,
      latest: say(points.at(-1)),
      read: (index) => say(points[index]),
    });
  }
}

export const lossSection = (element) => new ChartSection(element, {
  name: 'Loss', series: [{ label: 'Loss', tone: 'accent' }], tick: format.limit, show: format.loss,
  nothing: 'Each candidate is evaluated on the public set before it is released. There is no evaluation yet, or the task has no public set.',
});

export const accuracySection = (element) => new ChartSection(element, {
  name: 'Accuracy', series: [{ label: 'Accuracy', tone: 'good' }], tick: format.percentTick, show: format.accuracy,
  nothing: 'Accuracy appears with the first evaluated release of a task whose public set has answers.',
});

export const trafficSection = (element) => new ChartSection(element, {
  name: 'Bytes received', series: [{ label: 'Bytes', tone: 'accent', kind: 'bars' }], tick: format.bytesTick, steps: format.byteSteps, zero: true, show: format.bytes,
  nothing: 'The bytes of all messages, by round, once devices send some.',
});

/** The points of a measure: published rounds that have it, oldest first. */
export const measured = (history, key) => history
  .filter((round) => round.state === 'published' && round[key] !== undefined && round[key] !== null)
  .map((round) => [round.number, round[key]]);

/** Bytes by round, all attempts together, the running one included. */
export function traffic(history, current) {
  const sums = new Map();
  for (const round of current ? [...history, current] : history) sums.set(round.number, (sums.get(round.number) ?? 0) + round.bytesReceived);
  return [...sums].sort(([a], [b]) => a - b);
}
