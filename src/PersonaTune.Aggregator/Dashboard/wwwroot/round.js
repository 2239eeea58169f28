// The round's state strip with the countdown of its stage.

import { commands, shown } from './commands.js';
import { byId, empty, fill, h } from './dom.js';
import * as format from './format.js';

const secureSteps = ['recruiting', 'keying', 'sharing', 'collecting', 'confirming', 'unmasking', 'aggregating', 'validating', 'published'];
const plainSteps = ['recruiting', 'collecting', 'aggregating', 'validating', 'published'];

export const stateTone = { published: 'good', abandoned: 'bad' };

export function renderRound(element, { state: taskState, aggregation, rounds, current, latest }) {
  const round = current ?? latest;
  // The round's own name stands in for the card's title where there is one.
  byId('round-title').classList.toggle('sr', Boolean(round));
  if (!round) {
    fill(element, taskState === 'draft'
      ? empty('This task is a draft: devices do not see it. Open it to begin its first round.', shown(commands.openTask))
      : empty('No round has begun. The first begins as soon as the service has a node that drives the task; devices then check in by themselves.',
        commands.simulate ? 'To see one without devices, run simulated ones:' : null, shown(commands.simulate)));
    return;
  }

  fill(element,
    h('div', { class: 'round-line' },
      h('p', { class: 'round-name' },
        h('strong', {}, `Round ${format.integer(round.number)}`),
        h('span', {}, `of ${format.integer(rounds)}`),
        h('span', {}, `Attempt ${format.integer(round.attempt)}`),
        h('span', {}, `Goal ${format.plural(round.goal, 'report', 'reports')}`),
        h('span', {}, current ? 'Started ' : 'Ended ', moment(current ? round.started : round.ended ?? round.started))),
      current && round.deadline
        ? h('p', { class: 'countdown' }, 'Stage closes in', h('time', { role: 'timer', 'aria-live': 'off', datetime: round.deadline, 'data-deadline': round.deadline }, ''))
        : null),
    strip(round, aggregation === 'plain' ? plainSteps : secureSteps),
    outcome(round, !current, taskState));
}

const moment = (iso) => h('time', { datetime: iso, title: format.fullMoment(iso) }, format.moment(iso));

function strip(round, steps) {
  const counts = new Map(round.cohorts.map(({ state, count }) => [state, count]));
  const at = round.state === 'published' ? steps.length : steps.indexOf(round.state);
  return h('ol', { class: 'strip', 'aria-label': 'Stages of the round', vars: { steps: String(steps.length) } }, steps.map((step, index) => {
    const state = index < at ? 'done' : index === at ? 'current' : 'todo';
    const cohorts = counts.get(step) ?? 0;
    return h('li', { class: 'step', 'data-state': state, 'data-step': step, 'aria-current': state === 'current' ? 'step' : null },
      h('span', { class: 'step-name' }, format.words(step), state === 'done' ? h('span', { class: 'sr' }, ' (done)') : null),
      h('span', { class: 'step-count' }, cohorts > 0 ? format.plural(cohorts, 'cohort', 'cohorts') : ''));
  }));
}

function outcome(round, ended, taskState) {
  const lost = round.cohorts.find(({ state }) => state === 'abandoned')?.count ?? 0;
  if (round.state === 'abandoned') {
    return h('p', { class: 'outcome', 'data-tone': 'bad' }, `Abandoned${round.reason ? `: ${round.reason}` : ''}. Nothing was released, and nothing was spent. `,
      ended && taskState === 'paused' ? 'The task is paused; look at the events below before you open it again.' : null);
  }

  if (ended) {
    return h('p', { class: 'outcome' }, round.release ? `Published as release ${format.integer(round.release)}. ` : 'Published. ',
      taskState === 'open' ? 'The next round has not begun.' : null);
  }

  return lost > 0 ? h('p', { class: 'outcome', 'data-tone': 'warn' }, `${format.plural(lost, 'cohort', 'cohorts')} abandoned; the round goes on with the others.`) : null;
}

/** Writes what is left into every countdown; `now` is the service's time in milliseconds. */
export function tick(now) {
  for (const element of document.querySelectorAll('[data-deadline]')) {
    const left = new Date(element.dataset.deadline) - now;
    const text = left > 0 ? format.countdown(left) : 'closing';
    if (element.textContent !== text) element.textContent = text;
  }
}
