// The page against figures that the tests choose.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { closeBrowser, event, inked, open, poorContrast, skipWithoutFixtures, tell } from './browser.mjs';

const hostile = '<img src=x onerror="window.harmed=1"><script>window.harmed=1</script>\'"&lt;b&gt;';
const text = (page, selector) => page.locator(selector).innerText();

describe('dashboard', { skip: skipWithoutFixtures }, () => {
  let opened = [];
  const visit = async (options) => {
    const one = await open(options);
    opened.push(one);
    return one;
  };

  before(() => tell('/scenario/rich'));
  after(closeBrowser);
  afterEach(async () => {
    for (const { close } of opened) await close();
    opened = [];
    await tell('/scenario/rich');
  });

  test('every section renders', async () => {
    const { page, problems, picture } = await visit();
    assert.deepEqual(await page.locator('[role=tab]').allInnerTexts(), ['keyboard-en', 'digits', 'suggestions-de']);
    assert.equal(await text(page, '#head h1'), 'keyboard-en');
    assert.match(await text(page, '#figures'), /11 of 24[\s\S]*ε 1\.72 of 4[\s\S]*Room for 19 more rounds/u);
    assert.match(await text(page, '#round'), /Round 12[\s\S]*Attempt 2[\s\S]*Goal 300 reports/u);
    assert.deepEqual(await page.locator('.step-name').allInnerTexts(),
      ['Recruiting', 'Keying', 'Sharing', 'Collecting', 'Confirming', 'Unmasking', 'Aggregating', 'Validating', 'Published'].map((name, i) => (i < 3 ? `${name}\n(done)` : name)));
    assert.equal(await page.locator('[aria-current=step]').getAttribute('data-step'), 'collecting');
    assert.match(await text(page, '[data-step=collecting]'), /2 cohorts/u);
    assert.match(await text(page, '.countdown time'), /^0[34]:\d\d$/u);
    assert.match(await text(page, '[data-stage=joined]'), /371[\s\S]*97%[\s\S]*16 not needed/u);
    assert.match(await text(page, '#budget'), /Rényi[\s\S]*2\.03[\s\S]*Loss distribution[\s\S]*1\.72[\s\S]*Rounds left[\s\S]*19/u);
    for (const chart of ['#budget', '#loss', '#accuracy', '#traffic']) assert.ok(await inked(page, chart), `${chart} is blank`);
    assert.match(await text(page, '#loss'), /Round 11: 3\.449/u);
    assert.equal(await page.locator('#history tbody tr').count(), 12);
    await page.getByRole('button', { name: 'Show all 14 attempts' }).click();
    assert.equal(await page.locator('#history tbody tr').count(), 14);
    assert.match(await text(page, '#history'), /2 of 3 cohorts had fewer than 80 reports/u);
    assert.equal(await page.locator('#releases tbody tr').count(), 11);
    assert.equal(await page.getByRole('link', { name: 'Vector of release 11' }).getAttribute('href'), 'v1/tasks/keyboard-en/releases/11/vector');
    assert.equal(await page.getByRole('link', { name: 'Adapter of release 11' }).getAttribute('href'), 'v1/tasks/keyboard-en/releases/11/adapter');
    assert.ok(await page.locator('#events .entry').count() > 30);
    await picture('rich-light');
    assert.deepEqual(problems, []);
  });

  test('a task of another kind shows only what it has', async () => {
    const { page, picture } = await visit({ hash: '#task=digits' });
    assert.equal(await page.locator('[role=tab][aria-selected=true]').innerText(), 'digits');
    assert.match(await text(page, '#budget'), /no differential privacy/u);
    assert.deepEqual(await page.locator('.stage').evaluateAll((rows) => rows.map((row) => row.dataset.stage)), ['offered', 'submitted']);
    assert.equal(await page.getByRole('link', { name: /Adapter of/u }).count(), 0);
    assert.equal(await page.locator('[data-step=keying]').count(), 0);
    await picture('plain-light');
  });

  test('changes arrive without reloading', async () => {
    const { page, problems } = await visit();
    await page.evaluate(() => { window.unreloaded = true; });
    await tell('/scenario/advanced');
    await page.locator('[data-step=confirming][aria-current=step]').waitFor();
    assert.match(await text(page, '[data-stage=submitted]'), /318/u);
    assert.match(await text(page, '.countdown time'), /^01:\d\d$/u);
    assert.match(await page.locator('#announcer').textContent(), /round 12, attempt 2: confirming/u);
    await event('keyboard-en', 'round-state', 'A line that came live.');
    await page.getByText('A line that came live.').waitFor();
    assert.match(await page.locator('#events .entry').first().innerText(), /A line that came live/u);
    await event('digits', 'round-state', 'Of another task.');
    await event('keyboard-en', 'round-state', 'After it.');
    await page.getByText('After it.').waitFor();
    assert.equal(await page.getByText('Of another task.').count(), 0);
    await page.getByRole('button', { name: 'All tasks' }).click();
    await page.getByText('Of another task.').waitFor();
    assert.equal(await page.evaluate(() => window.unreloaded), true);
    assert.deepEqual(problems, []);
  });

  test('the countdown runs', async () => {
    const { page } = await visit();
    const first = await text(page, '.countdown time');
    await page.waitForFunction((before) => document.querySelector('.countdown time').textContent < before, first);
  });

  test('the page reconnects after the service was restarted, and misses no event', async () => {
    const { page, picture } = await visit();
    await page.waitForFunction(() => document.querySelectorAll('#events .entry').length > 30);
    const before = await page.locator('#events .entry').count();
    try {
      await tell('/stop');
      await page.locator('#connection[data-state=waiting]').waitFor();
      assert.match(await text(page, '#connection'), /Reconnecting in \d+ s/u);
      assert.match(await text(page, '#notice'), /Not connected[\s\S]*The figures are those of/u);
      await picture('disconnected');
      await event('keyboard-en', 'round-state', 'While it was away.');
    } finally {
      await tell('/start');
    }

    await tell('/scenario/advanced');
    await page.locator('#connection[data-state=live]').waitFor();
    await page.locator('[data-step=confirming][aria-current=step]').waitFor();
    await page.getByText('While it was away.').waitFor();
    assert.equal(await page.locator('#events .entry').count(), before + 1);
    assert.equal(await page.locator('#notice').isVisible(), false);
  });

  test('withheld counts show no number, and all look alike', async () => {
    const { page } = await visit();
    const hidden = page.locator('.bar-fill[data-withheld]');
    assert.equal(await hidden.count(), 1);
    assert.match(await text(page, '[data-stage=confirmed]'), /^Confirmed\s+<10$/u);
    assert.match(await text(page, '[data-stage=joined]'), /<10 misbehaved/u);
    assert.match(await text(page, '[data-stage=keyed]'), /<10 left/u);
    await page.getByRole('button', { name: /Round 12, attempt 1/u }).click();
    await page.getByText('Round 12, attempt 1. Counts below 10 are withheld.').waitFor();
    assert.deepEqual(await hidden.evaluateAll((bars) => bars.map((bar) => bar.getBoundingClientRect().width)), [28, 28]);
    for (const stage of ['confirmed', 'unmasked']) assert.doesNotMatch((await text(page, `[data-stage=${stage}]`)).replace('<10', ''), /\d/u);
    await page.getByRole('button', { name: 'Back to the newest' }).click();
    await page.getByText('Round 12, attempt 2. Counts below 10 are withheld.').waitFor();
  });

  for (const scheme of ['light', 'dark']) {
    test(`text has a contrast of at least 4.5:1 in the ${scheme} scheme, in every scenario`, async () => {
      const { page, picture } = await visit({ scheme });
      for (const scenario of ['rich', 'exhausted', 'fresh', 'empty', 'hostile']) {
        await tell(`/scenario/${scenario}`);
        const marker = { rich: '.tab', exhausted: '[data-tone=bad].badge', fresh: '.empty', empty: '#welcome ol', hostile: '[data-tone=bad].outcome' }[scenario];
        await page.locator(marker).first().waitFor();
        const { seen, found } = await poorContrast(page);
        assert.ok(seen > 10, scenario);
        assert.deepEqual(found, [], scenario);
        await picture(`${scenario}-${scheme}`);
      }
    });
  }

  test('the scheme can be chosen, and the choice is kept', async () => {
    const { page } = await visit({ scheme: 'light' });
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await background();
    await page.locator('#theme').press('Space');
    assert.notEqual(await background(), light);
    const dark = await background();
    await page.reload();
    assert.equal(await background(), dark);
    assert.equal(await page.locator('#theme').getAttribute('aria-label'), 'Use light colours');
  });

  test('hostile text stays text', async () => {
    await tell('/scenario/hostile');
    await event(hostile, hostile, hostile);
    const { page, problems } = await visit();
    await page.getByText('All tasks').click();
    await page.locator('#events .entry-text b').first().waitFor();
    assert.equal(await text(page, '#head h1'), hostile);
    assert.equal(await page.locator('.tab').first().innerText(), hostile);
    assert.ok((await text(page, '.outcome')).includes(hostile));
    assert.ok((await text(page, '#history td.reason')).includes(hostile));
    assert.ok((await text(page, '#events')).includes(hostile));
    assert.ok((await page.title()).includes(hostile));
    assert.equal(await page.evaluate(() => window.harmed), undefined);
    assert.deepEqual(await page.locator('img').evaluateAll((all) => all.map((img) => img.getAttribute('src'))), ['dashboard/icon.svg']);
    assert.equal(await page.locator('body script').count(), 0);
    assert.ok(await page.locator('#releases a').evaluateAll((links) => links.every((a) => a.origin === location.origin && a.pathname.startsWith('/v1/tasks/%3Cimg'))));
    assert.deepEqual(problems, []);
  });

  test('everything is reached and used by keyboard', async () => {
    const { page } = await visit();
    const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.textContent);
    await page.keyboard.press('Tab');
    assert.equal(await focused(), 'Skip to content');
    await page.keyboard.press('Enter');
    assert.equal(await focused(), 'content');
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.dataset.task), 'keyboard-en');
    await page.keyboard.press('ArrowRight');
    assert.equal(await text(page, '#head h1'), 'digits');
    assert.equal(await page.evaluate(() => document.activeElement.dataset.task), 'digits');
    await page.keyboard.press('Home');
    assert.equal(await text(page, '#head h1'), 'keyboard-en');
    const missed = new Set(['#budget .plot', '#loss .plot', '#accuracy .plot', '#traffic .plot', '#history .scroll', '#history tbody button', '#releases .scroll', '#releases a', '#events .log', '#events .choice button']);
    for (let i = 0; i < 80 && missed.size > 0; i++) {
      await page.keyboard.press('Tab');
      for (const selector of missed) if (await page.evaluate((s) => document.activeElement.matches(s), selector)) missed.delete(selector);
    }

    assert.deepEqual([...missed], []);
    await page.locator('#loss .plot').focus();
    await page.keyboard.press('Home');
    await page.getByText('Round 1: 4.557').waitFor();
    await page.keyboard.press('ArrowRight');
    await page.getByText('Round 2: 4.290').waitFor();
    const choice = page.getByRole('button', { name: /Round 11, attempt 1/u });
    await choice.focus();
    await page.keyboard.press('Enter');
    await page.getByText('Round 11, attempt 1. Counts').waitFor();
    assert.equal(await choice.getAttribute('aria-pressed'), 'true');
    // The focus survives an update of the table it stands in.
    await tell('/scenario/advanced');
    await page.locator('[data-step=confirming][aria-current=step]').waitFor();
    assert.match(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), /Round 11, attempt 1/u);
  });

  test('roles and names are in place', async () => {
    const { page } = await visit();
    assert.equal(await page.locator('main').count(), 1);
    assert.equal(await page.locator('h1').count(), 1);
    assert.equal(await page.locator('#panel').getAttribute('role'), 'tabpanel');
    assert.equal(await page.locator('#events ol').getAttribute('role'), 'log');
    assert.match(await page.locator('#loss .plot').getAttribute('aria-label'), /Loss of task keyboard-en by round\. Round 1: 4\.557\. Round 11: 3\.449\./u);
    const nameless = await page.locator('button, a, section').evaluateAll((all) => all.filter((e) => !(e.textContent.trim() || e.getAttribute('aria-label'))).length);
    assert.equal(nameless, 0);
    await tell('/scenario/single');
    await page.locator('#tabs').waitFor({ state: 'hidden' });
    assert.equal(await page.locator('#panel').getAttribute('role'), null);
  });

  test('it fits widths down to 360 pixels', async () => {
    for (const width of [360, 768, 1024]) {
      const { page, picture } = await visit({ width, height: 780 });
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth) > 0, false, `${width}`);
      await picture(`width-${width}`);
    }

    await tell('/scenario/hostile');
    const { page } = await visit({ width: 360, height: 780 });
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth) > 0, false, 'hostile text');
  });

  test('nothing moves for those who asked for that', async () => {
    const animation = (page) => page.evaluate(() => getComputedStyle(document.querySelector('[aria-current=step]'), '::after').animationName);
    assert.equal(await animation((await visit()).page), 'beat');
    assert.equal(await animation((await visit({ reducedMotion: 'reduce' })).page), 'none');
  });

  test('an empty service and a new task say what to do next', async () => {
    await tell('/scenario/empty');
    const { page, problems } = await visit();
    assert.match(await text(page, '#welcome'), /No task yet[\s\S]*personatune privacy plan/u);
    await tell('/scenario/fresh');
    await page.getByText('This task is a draft').waitFor();
    assert.equal(await page.locator('#welcome').isVisible(), false);
    for (const section of ['#funnel', '#loss', '#accuracy', '#traffic', '#history', '#releases']) assert.equal(await page.locator(`${section} .empty`).count(), 1, section);
    assert.deepEqual(problems, []);
  });
});
