// The task's name, its state, and the four figures that matter most.

import { badge, fill, h } from './dom.js';
import * as format from './format.js';

export const taskTone = { open: 'good', paused: 'warn', completed: 'accent', cancelled: 'bad', 'budget-exhausted': 'bad' };

const about = {
  draft: 'Not offered to devices yet.',
  paused: 'No new round begins; a running one goes on.',
  completed: 'All rounds were published.',
  cancelled: 'Ended by the operator.',
  'budget-exhausted': 'Another round would exceed the privacy budget.',
};

export function renderHead(element, { name, purpose, state, aggregation }) {
  fill(element,
    h('div', { class: 'head-line' }, h('h1', {}, name), badge(format.words(state), taskTone[state]),
      badge(aggregation === 'secure' ? 'Secure aggregation' : 'Plain sums')),
    h('p', {}, purpose),
    about[state] ? h('p', {}, about[state]) : null);
}

export function renderFigures(element, task) {
  const published = task.history.filter((round) => round.state === 'published');
  const done = Math.max(0, ...published.map((round) => round.number));
  fill(element,
    figure('Rounds published', [format.integer(done), h('small', {}, ` of ${format.integer(task.rounds)}`)], {
      part: done / Math.max(1, task.rounds),
      note: attempts(task.history),
    }),
    budget(task.budget),
    quality(published),
    traffic(task));
}

function figure(label, value, { note, part, tone }) {
  return h('div', { class: 'figure' }, h('dt', {}, label), h('dd', { class: 'value' }, value), h('dd', { class: 'note' },
    part === undefined ? null : h('div', { class: 'meter', 'data-tone': tone, vars: { part: `${Math.min(100, 100 * part)}%` }, 'aria-hidden': 'true' }, h('i')), note));
}

function attempts(history) {
  const abandoned = history.filter((round) => round.state === 'abandoned').length;
  if (history.length === 0) return 'None ended yet';
  return abandoned === 0 ? 'No attempt abandoned' : `${format.plural(abandoned, 'attempt', 'attempts')} abandoned`;
}

/** A budget's tone by the part that is spent. */
export const budgetTone = (part) => (part >= 0.95 ? 'bad' : part >= 0.75 ? 'warn' : undefined);

function budget({ total, spent, roundsLeft }) {
  if (total === null || total === undefined) return figure('Privacy spent', format.none, { note: 'No differential privacy' });
  const part = total > 0 ? spent / total : 1;
  const left = roundsLeft === null || roundsLeft === undefined ? `${format.percent(part)} used`
    : roundsLeft === 0 ? 'No room for another round' : `Room for ${format.plural(roundsLeft, 'more round', 'more rounds')}`;
  return figure('Privacy spent', [`ε ${format.epsilon(spent)}`, h('small', {}, ` of ${format.limit(total)}`)], { part, tone: budgetTone(part), note: left });
}

function quality(published) {
  const [key, label, show] = published.some((round) => round.accuracy !== undefined && round.accuracy !== null)
    ? ['accuracy', 'Accuracy', format.accuracy] : ['loss', 'Loss', format.loss];
  const values = published.map((round) => round[key]).filter((value) => value !== undefined && value !== null);
  if (values.length === 0) return figure('Accuracy', format.none, { note: 'No evaluation yet' });
  const change = values.at(-1) - values[0];
  return figure(label, show(values.at(-1)), {
    note: values.length === 1 ? 'First evaluation' : `${format.signed(change, key === 'accuracy' ? (v) => `${format.epsilon(100 * v)} points` : format.loss)} since the first`,
  });
}

function traffic({ history, current }) {
  const rounds = current ? [...history, current] : history;
  const sum = rounds.reduce((total, round) => total + round.bytesReceived, 0);
  return figure('Data received', format.bytes(sum), {
    note: rounds.length === 0 ? 'No messages yet' : `${format.bytes(Math.round(sum / rounds.length))} per attempt`,
  });
}
