// The event log with its live tail, newest first.

import { EventStream } from './stream.js';
import { empty, fill, h } from './dom.js';
import * as format from './format.js';

const kept = 500;
const shownAtMost = 200;

export class EventLog {
  #entries = [];
  #newest = 0;
  #all = false;
  #task = '';
  #live = false;
  #state;
  #list;
  #choices;
  #pending = false;

  constructor(element, url) {
    this.#state = h('span', { role: 'status' });
    this.#choices = [['This task', false], ['All tasks', true]].map(([text, all]) =>
      h('button', { class: 'quiet', type: 'button', on: { click: () => this.#choose(all) } }, text));
    this.#list = h('ol', { class: 'log', role: 'log', tabindex: 0, 'aria-label': 'Event log, newest first' });
    element.append(h('div', { class: 'card-line' }, this.#state, h('div', { class: 'choice', role: 'group', 'aria-label': 'Which events' }, this.#choices)), this.#list);
    this.stream = new EventStream(url, { onEvent: (type, data) => this.#add(data), onState: (state) => this.#connection(state) });
    this.#draw();
  }

  show(task) {
    if (task === this.#task) return;
    this.#task = task;
    this.#draw();
  }

  #choose(all) {
    this.#all = all;
    this.#draw();
  }

  #add(data) {
    const entry = JSON.parse(data);
    if (!(entry.id > this.#newest)) return;
    this.#newest = entry.id;
    this.#entries.unshift(entry);
    this.#entries.length = Math.min(kept, this.#entries.length);
    // A backlog comes in one burst: it is drawn once.
    if (this.#pending) return;
    this.#pending = true;
    requestAnimationFrame(() => {
      this.#pending = false;
      this.#draw();
    });
  }

  #connection({ name }) {
    this.#live = name === 'live';
    const text = this.#live ? 'Following' : name === 'waiting' ? 'Interrupted; missed events follow on reconnection' : 'Connecting';
    if (this.#state.textContent !== text) this.#state.textContent = text;
  }

  #draw() {
    for (const [index, button] of this.#choices.entries()) button.setAttribute('aria-pressed', String(this.#all === (index === 1)));
    const entries = this.#entries.filter((entry) => this.#all || entry.task === this.#task).slice(0, shownAtMost);
    if (entries.length === 0) {
      fill(this.#list, h('li', { class: 'entry' }, empty('Nothing has happened yet. Changes of rounds, releases and tasks are listed as they occur.')));
      this.#list.firstChild.className = 'entry-none';
      return;
    }

    // Rows that are there stay, so that a screen reader hears new ones only.
    const present = new Map([...this.#list.children].filter((row) => row.dataset.id).map((row) => [row.dataset.id, row]));
    const rows = entries.map((entry) => present.get(rowKey(entry, this.#all)) ?? row(entry, this.#all));
    const wanted = new Set(rows);
    for (const child of [...this.#list.children]) if (!wanted.has(child)) child.remove();
    rows.forEach((element, index) => {
      if (this.#list.children[index] !== element) this.#list.insertBefore(element, this.#list.children[index] ?? null);
    });
  }
}

const rowKey = (entry, all) => `${entry.id}${all ? ' all' : ''}`;

const row = (entry, all) => h('li', { class: 'entry', 'data-id': rowKey(entry, all) },
  h('time', { datetime: entry.time, title: format.fullMoment(entry.time) }, `${format.moment(entry.time)}:${String(new Date(entry.time).getSeconds()).padStart(2, '0')}`),
  h('span', { class: 'entry-kind' }, format.words(entry.kind)),
  h('span', { class: 'entry-text' }, all ? h('b', {}, `${entry.task}: `) : null, entry.text));
