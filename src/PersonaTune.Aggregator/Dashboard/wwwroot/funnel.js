// How many devices came how far in one attempt, and why others did not. A withheld count is drawn as a hatched bar of one length, whatever it hides.

import { empty, fill, h } from './dom.js';
import * as format from './format.js';

const secureStages = ['offered', 'joined', 'keyed', 'shared', 'submitted', 'confirmed', 'unmasked'];
const plainStages = ['offered', 'submitted'];
const meaning = {
  offered: 'Got a seat', joined: 'Trained and advertised keys', keyed: 'Opened their nonces', shared: 'Shared their secrets',
  submitted: 'Uploaded their report', confirmed: 'Confirmed the survivors', unmasked: 'Revealed their shares',
};
const why = { late: 'late', 'not-needed': 'not needed', left: 'left', misbehaved: 'misbehaved', 'cohort-abandoned': 'cohort abandoned' };

export function renderFunnel(element, { round, aggregation, smallest, chosen }, onBack) {
  if (!round) {
    fill(element, empty('Devices appear here once a round recruits: how many got a seat, and how far they came.'));
    return;
  }

  const stages = aggregation === 'plain' ? plainStages : secureStages;
  const most = Math.max(1, ...stages.map((stage) => round.funnel[stage] ?? 0));
  fill(element,
    h('div', { class: 'card-line' },
      h('p', {}, `Round ${format.integer(round.number)}, attempt ${format.integer(round.attempt)}. Counts below ${format.integer(smallest)} are withheld.`),
      chosen ? h('button', { class: 'link', type: 'button', 'data-focus': 'back', on: { click: onBack } }, 'Back to the newest') : null),
    h('ol', { class: 'funnel', 'aria-label': 'Devices by stage' }, stages.map((stage) => row(stage, round, most, smallest, stages))));
}

function row(stage, round, most, smallest, stages) {
  const count = round.funnel[stage];
  const first = round.funnel[stages[0]];
  const hidden = format.withheld(count);
  const part = hidden || format.withheld(first) || first === 0 ? null : count / first;
  const drops = round.dropped.filter((drop) => drop.reached === stage && drop.count !== 0);
  return h('li', { class: 'stage', 'data-stage': stage },
    h('span', { class: 'stage-name', title: meaning[stage] }, format.words(stage)),
    h('span', { class: 'bar-track', 'aria-hidden': 'true' },
      h('span', { class: 'bar-fill', 'data-withheld': hidden, vars: hidden ? {} : { part: `${(100 * count) / most}%` } })),
    h('span', { class: 'stage-count' }, format.devices(count, smallest)),
    h('span', { class: 'stage-part' }, part === null ? '' : format.percent(part)),
    h('ul', { class: 'drops', 'aria-label': drops.length > 0 ? `Dropped after ${stage}` : null }, drops.map((drop) =>
      h('li', { 'data-tone': drop.reason === 'misbehaved' ? 'bad' : null }, `${format.devices(drop.count, smallest)} ${why[drop.reason] ?? format.words(drop.reason).toLowerCase()}`))));
}
