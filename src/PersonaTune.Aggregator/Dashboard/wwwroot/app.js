// Puts the page together: one state, one render function, two streams.

import { redrawCharts } from './charts.js';
import { BudgetSection } from './budget.js';
import { byId, fill, h, memo } from './dom.js';
import { EventLog } from './events.js';
import { accuracySection, lossSection, measured, traffic, trafficSection } from './evaluation.js';
import * as format from './format.js';
import { renderFunnel } from './funnel.js';
import { renderFigures, renderHead, taskTone } from './head.js';
import { renderRound, tick } from './round.js';
import { EventStream } from './stream.js';
import { renderHistory, renderReleases, roundKey } from './tables.js';
import { renderWelcome } from './welcome.js';

const state = { view: null, skew: 0, task: fromHash(), chosen: null, all: false, connection: { name: 'connecting' }, received: null };
const lasting = { announced: '' };

const budget = new BudgetSection(byId('budget'));
const loss = lossSection(byId('loss'));
const accuracy = accuracySection(byId('accuracy'));
const bytes = trafficSection(byId('traffic'));
const log = new EventLog(byId('events'), 'v1/operator/events');

const sections = {
  tabs: memo((tasks, selected) => renderTabs(tasks, selected)),
  head: memo((task) => renderHead(byId('head'), task)),
  figures: memo((task) => renderFigures(byId('figures'), task)),
  round: memo((input) => renderRound(byId('round'), input)),
  funnel: memo((input) => renderFunnel(byId('funnel'), input, () => choose(null))),
  budget: memo((input) => budget.render(input)),
  loss: memo((input) => loss.render(input)),
  accuracy: memo((input) => accuracy.render(input)),
  traffic: memo((input) => bytes.render(input)),
  history: memo((input) => renderHistory(byId('history'), input, { onChoose: (key) => choose(key === state.chosen ? null : key), onAll: () => change({ all: !state.all }) })),
  releases: memo((input) => renderReleases(byId('releases'), input)),
};

function fromHash() {
  try {
    return new URLSearchParams(location.hash.slice(1)).get('task');
  } catch {
    return null;
  }
}

function change(what) {
  Object.assign(state, what);
  render();
}

const choose = (key) => change({ chosen: key });

function select(name) {
  history.replaceState(null, '', `#${new URLSearchParams({ task: name })}`);
  change({ task: name, chosen: null, all: false });
}

function render() {
  if (!state.view) return;
  const { tasks, smallestCount: smallest } = state.view;
  byId('welcome').hidden = tasks.length > 0;
  byId('tasks').hidden = tasks.length === 0;
  if (tasks.length === 0) {
    renderWelcome(byId('welcome'));
    document.title = 'PersonaTune';
    return;
  }

  const task = tasks.find(({ name }) => name === state.task) ?? tasks[0];
  const { current } = task;
  const latest = task.history.at(-1);
  const chosen = task.history.find((round) => roundKey(round) === state.chosen);
  sections.tabs(tasks.map(({ name, state: at }) => ({ name, at })), task.name);
  sections.head({ name: task.name, purpose: task.purpose, state: task.state, aggregation: task.aggregation });
  sections.figures({ rounds: task.rounds, history: task.history, budget: task.budget, current });
  sections.round({ state: task.state, aggregation: task.aggregation, rounds: task.rounds, current, latest });
  sections.funnel({ round: chosen ?? current ?? latest, aggregation: task.aggregation, smallest, chosen: Boolean(chosen) });
  sections.budget({ budget: task.budget, rounds: task.rounds });
  sections.loss({ points: measured(task.history, 'loss'), task: task.name });
  sections.accuracy({ points: measured(task.history, 'accuracy'), task: task.name });
  sections.traffic({ points: traffic(task.history, current), task: task.name });
  sections.history({ history: task.history, smallest, chosen: chosen ? state.chosen : null, all: state.all });
  sections.releases({ task: task.name, adapterKind: task.adapterKind, releases: task.releases });
  log.show(task.name);
  countDown();

  const where = current ? `Round ${current.number} ${current.state}` : format.words(task.state);
  document.title = `${where} · ${task.name}`;
  const words = current ? `Task ${task.name}, round ${current.number}, attempt ${current.attempt}: ${current.state}.` : `Task ${task.name}: ${format.words(task.state)}.`;
  if (words !== lasting.announced) {
    // Not on arrival: the page itself is read then.
    if (lasting.announced) byId('announcer').textContent = words;
    lasting.announced = words;
  }
}

function renderTabs(tasks, selected) {
  const tabs = byId('tabs');
  const panel = byId('panel');
  const several = tasks.length > 1;
  tabs.hidden = !several;
  fill(tabs, tasks.map(({ name, at }, index) => h('button', {
    class: 'tab', type: 'button', role: 'tab', id: `tab-${index}`, 'aria-controls': 'panel', 'aria-selected': String(name === selected), tabindex: name === selected ? 0 : -1,
    'data-focus': `tab ${name}`, 'data-task': name, 'data-tone': taskTone[at], title: `${name}: ${format.words(at)}`, on: { click: () => select(name) },
  }, h('span', { class: 'dot', 'aria-hidden': 'true' }), h('span', {}, name))));
  if (several) {
    panel.setAttribute('role', 'tabpanel');
    panel.setAttribute('aria-labelledby', `tab-${tasks.findIndex(({ name }) => name === selected)}`);
  } else {
    panel.removeAttribute('role');
    panel.removeAttribute('aria-labelledby');
  }
}

byId('tabs').addEventListener('keydown', (event) => {
  const tabs = [...byId('tabs').children];
  const at = tabs.indexOf(document.activeElement);
  const next = { ArrowRight: (at + 1) % tabs.length, ArrowLeft: (at + tabs.length - 1) % tabs.length, Home: 0, End: tabs.length - 1 }[event.key];
  if (at < 0 || next === undefined) return;
  event.preventDefault();
  const { task } = tabs[next].dataset;
  tabs[next].focus();
  select(task);
});

function countDown() {
  tick(Date.now() + state.skew);
  const { connection } = state;
  const box = byId('connection');
  const text = connection.name === 'live' ? 'Live'
    : connection.name === 'connecting' ? 'Connecting' : `Reconnecting in ${Math.max(0, Math.ceil((connection.retryAt - Date.now()) / 1000))} s`;
  box.dataset.state = connection.name;
  if (byId('connection-text').textContent !== text) byId('connection-text').textContent = text;
}

function connected(connection) {
  state.connection = connection;
  if (connection.name === 'live') refresh();
  const notice = byId('notice');
  notice.hidden = connection.name !== 'waiting' && (connection.name === 'live' || notice.hidden);
  if (connection.name === 'waiting') {
    const text = state.received ? `Not connected (${connection.detail}). The figures are those of ${format.time(state.received)}.` : `No data yet (${connection.detail}). The page keeps trying.`;
    if (notice.textContent !== text) notice.textContent = text;
  }

  countDown();
}

function receive(data) {
  const view = JSON.parse(data);
  state.skew = new Date(view.time) - Date.now();
  state.received = view.time;
  change({ view });
}

function setUpTheme() {
  const root = document.documentElement;
  const system = window.matchMedia('(prefers-color-scheme: dark)');
  const dark = () => (root.dataset.theme ? root.dataset.theme === 'dark' : system.matches);
  const show = () => {
    byId('theme-text').textContent = dark() ? 'Light' : 'Dark';
    byId('theme').setAttribute('aria-label', dark() ? 'Use light colours' : 'Use dark colours');
    redrawCharts();
  };
  byId('theme').addEventListener('click', () => {
    root.dataset.theme = dark() ? 'light' : 'dark';
    try {
      localStorage.setItem('personatune-theme', root.dataset.theme);
    } catch {
      // Storage is switched off: the choice lasts as long as the page.
    }

    show();
  });
  system.addEventListener('change', show);
  show();
}

const stream = new EventStream('v1/operator/dashboard/stream', { onEvent: (type, data) => (type === 'dashboard' ? receive(data) : undefined), onState: connected });

// The stream may be quiet until something changes: whoever connects asks for the figures of now.
async function refresh() {
  try {
    const response = await fetch('v1/operator/dashboard', { cache: 'no-store', headers: { Accept: 'application/json' } });
    if (!response.ok) return;
    const data = await response.text();
    if (!state.view || new Date(JSON.parse(data).time) > new Date(state.received)) receive(data);
  } catch {
    // The stream reports that the service cannot be reached.
  }
}

setUpTheme();
stream.start();
log.stream.start();
window.addEventListener('online', () => [stream, log.stream].forEach((one) => one.start()));
window.addEventListener('hashchange', () => change({ task: fromHash(), chosen: null }));
setInterval(countDown, 1000);
