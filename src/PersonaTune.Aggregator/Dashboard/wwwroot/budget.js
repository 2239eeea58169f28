// The privacy budget: what both accountants say, the burn-down over releases, and how far it reaches.

import { commands } from './commands.js';
import { Chart } from './charts.js';
import { empty, fill, h } from './dom.js';
import * as format from './format.js';

export class BudgetSection {
  #element;
  #chart;

  constructor(element) {
    this.#element = element;
  }

  render({ budget, rounds }) {
    const { total, spent, spentRenyi, spentLossDistribution, delta, roundsLeft, curve } = budget;
    if (total === null || total === undefined) {
      this.#chart = undefined;
      fill(this.#element, empty('This task promises no differential privacy: releases spend nothing, and nothing limits what they reveal. To see what a promise would cost, plan one:',
        { command: commands.planPrivacy }));
      return;
    }

    const fresh = this.#chart === undefined;
    this.#chart ??= new Chart({
      series: [{ label: 'Spent', tone: 'accent' }, { label: 'Limit', tone: 'bad', dash: true }, { label: 'Projected', tone: 'accent', dash: true }],
      tick: format.limit, zero: true, height: 240,
      legend: [['spent', 'ε spent after each release'], ['projected', 'Projected'], ['limit', 'Limit']],
    });
    const numbers = h('dl', { class: 'accountants' },
      item('Spent', h('span', {}, `ε ${format.epsilon(spent)}`, h('small', {}, ` / ${format.limit(total)}`))),
      item('Rényi', format.epsilon(spentRenyi)),
      item('Loss distribution', format.epsilon(spentLossDistribution)),
      item('Rounds left', format.integer(roundsLeft)));
    const note = h('p', { class: 'card-line' }, h('span', {}, `δ = ${format.scientific(delta)}. The smaller ε of both accountants counts.`));
    if (fresh) fill(this.#element, note, numbers, this.#chart.element);
    else {
      this.#element.children[0].replaceWith(note);
      this.#element.children[1].replaceWith(numbers);
    }

    this.#draw({ total, spent, roundsLeft, curve, rounds });
  }

  #draw({ total, spent, roundsLeft, curve, rounds }) {
    const done = curve.length;
    const reach = roundsLeft ?? 0;
    // The rounds that still fit may be thousands more than the task plans: the projection ends at whichever comes first, with a little air beyond the plan.
    const end = done + Math.min(reach, Math.max(1, rounds - done));
    const last = curve.at(-1) ?? 0;
    const across = Array.from({ length: end + 1 }, (unused, index) => index);
    const atEnd = reach === 0 ? last : last + ((total - last) * (end - done)) / reach;
    const spentLine = across.map((x) => (x === 0 ? 0 : x <= done ? curve[x - 1] : null));
    const projected = across.map((x) => (x < done || reach === 0 ? null : end === done ? last : last + ((atEnd - last) * (x - done)) / (end - done)));
    this.#chart.update([across, spentLine, across.map(() => total), projected], {
      summary: `Epsilon spent: ${format.epsilon(spent)} of ${format.limit(total)} after ${format.plural(done, 'release', 'releases')}.`
        + (roundsLeft === null || roundsLeft === undefined ? '' : ` ${format.plural(roundsLeft, 'more round fits', 'more rounds fit')}.`),
      latest: done === 0 ? 'Nothing released yet' : `After release ${format.integer(done)}: ε ${format.epsilon(last)}`,
      read: (index) => (index <= done ? `After release ${format.integer(index)}: ε ${format.epsilon(spentLine[index])}`
        : `Release ${format.integer(index)}: about ε ${format.epsilon(projected[index])}, projected`),
    });
  }
}

const item = (term, value) => h('div', {}, h('dt', {}, term), h('dd', {}, value));
