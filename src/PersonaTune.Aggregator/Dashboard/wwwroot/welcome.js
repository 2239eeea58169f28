// What a service without tasks shows: the way to the first round.

import { commands, shown } from './commands.js';
import { fill, h } from './dom.js';

const command = (text) => (shown(text) ? h('pre', { class: 'command', tabindex: 0, 'aria-label': 'Command' }, text) : null);

export function renderWelcome(element) {
  fill(element,
    h('h1', {}, 'No task yet'),
    h('p', {}, 'This service runs and waits for its first task. From here to a published round:'),
    h('ol', {},
      h('li', {}, h('h2', {}, 'Plan the privacy'),
        h('p', {}, 'See what a cohort size, a noise multiplier and a number of rounds cost under both accountants, and choose what you can promise.'), command(commands.planPrivacy)),
      h('li', {}, h('h2', {}, 'Sign a task and open it'),
        h('p', {}, 'Write the task definition, sign it with the operator’s key and hand it to this service. It appears on this page at once.'), command(commands.createTask)),
      h('li', {}, h('h2', {}, 'Let devices take part'),
        h('p', {}, 'Devices whose users agreed check in by themselves, train and send masked reports. This page follows the round as it goes.'), command(commands.simulate))));
}
