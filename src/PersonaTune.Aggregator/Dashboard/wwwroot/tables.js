// The tables of attempts and of releases.

import { commands, shown } from './commands.js';
import { badge, empty, fill, h } from './dom.js';
import * as format from './format.js';
import { stateTone } from './round.js';

const releaseTone = { live: 'good', canary: 'accent', 'rolled-back': 'bad' };
const firstRows = 12;

const table = (name, columns, rows) => h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': name, 'data-scroll': name, 'data-focus': `table ${name}` },
  h('table', {}, h('thead', {}, h('tr', {}, columns.map(([text, kind]) => h('th', { scope: 'col', class: kind }, text)))), h('tbody', {}, rows)));
const cell = (text, kind) => h('td', { class: kind }, text);
const at = (iso) => h('time', { datetime: iso, title: format.fullMoment(iso) }, format.moment(iso));

export const roundKey = (round) => `${round.number}.${round.attempt}`;

/** Attempts, newest first; choosing one shows its participation. */
export function renderHistory(element, { history, smallest, chosen, all }, { onChoose, onAll }) {
  if (history.length === 0) {
    fill(element, empty('Ended attempts are listed here, published or abandoned, with what they cost.'));
    return;
  }

  const newest = history.toReversed();
  const rows = (all ? newest : newest.slice(0, firstRows)).map((round) => {
    const key = roundKey(round);
    return h('tr', { 'data-chosen': key === chosen, 'data-round': key },
      cell(h('button', { class: 'link', type: 'button', 'data-focus': `round ${key}`, 'aria-pressed': String(key === chosen), 'aria-label': `Round ${round.number}, attempt ${round.attempt}: show participation`,
        on: { click: () => onChoose(key) } }, format.integer(round.number)), 'number'),
      cell(format.integer(round.attempt), 'number'),
      cell(badge(format.words(round.state), stateTone[round.state])),
      cell(at(round.started)),
      cell(format.duration(round.started, round.ended), 'number'),
      cell([format.devices(round.funnel.submitted, smallest), h('span', { class: 'muted' }, ` / ${format.integer(round.goal)}`)], 'number'),
      cell(format.bytes(round.bytesReceived), 'number'),
      cell(format.loss(round.loss), 'number'),
      cell(format.accuracy(round.accuracy), 'number'),
      cell(format.integer(round.release), 'number'),
      cell(round.reason ?? '', 'reason'));
  });
  fill(element,
    table('Round history', [['Round', 'number'], ['Attempt', 'number'], ['State'], ['Started'], ['Took', 'number'], ['Reports / goal', 'number'], ['Received', 'number'],
      ['Loss', 'number'], ['Accuracy', 'number'], ['Release', 'number'], ['Reason']], rows),
    history.length > firstRows
      ? h('p', { class: 'more' }, h('button', { class: 'quiet', type: 'button', 'data-focus': 'all', 'aria-expanded': String(all), on: { click: onAll } },
        all ? 'Show fewer' : `Show all ${format.integer(history.length)} attempts`))
      : null);
}

/** Releases, newest first. The adapter is offered for tasks whose vector is a LoRA adapter. */
export function renderReleases(element, { task, adapterKind, releases }) {
  if (releases.length === 0) {
    fill(element, empty('A published round makes a signed release here, ready for devices and for download.',
      commands.simulate ? 'To make one without devices, run simulated ones:' : null, shown(commands.simulate)));
    return;
  }

  const address = (number, what) => `v1/tasks/${encodeURIComponent(task)}/releases/${encodeURIComponent(number)}/${what}`;
  const link = (number, what, text) => h('a', { href: address(number, what), download: true, 'aria-label': `${text} of release ${number}` }, text);
  const rows = releases.map((release) => h('tr', { 'data-release': release.number },
    cell(format.integer(release.number), 'number'),
    cell(badge(format.words(release.state), releaseTone[release.state])),
    cell(at(release.created)),
    cell(format.integer(release.round), 'number'),
    cell(format.loss(release.loss), 'number'),
    cell(format.accuracy(release.accuracy), 'number'),
    cell(format.epsilon(release.epsilon), 'number'),
    cell(format.bytes(release.bytes), 'number'),
    cell(h('span', { class: 'downloads' }, link(release.number, 'vector', 'Vector'), adapterKind === 'lora-b' ? link(release.number, 'adapter', 'Adapter') : null))));
  fill(element, table('Releases', [['Release', 'number'], ['State'], ['Created'], ['Round', 'number'], ['Loss', 'number'], ['Accuracy', 'number'], ['ε spent', 'number'],
    ['Size', 'number'], ['Download']], rows));
}
