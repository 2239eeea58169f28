// What holds on any service, whatever it shows.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { closeBrowser, open, poorContrast, skipWithoutUrl, url } from './browser.mjs';

after(closeBrowser);

test('the page loads without errors, violations or foreign requests', { skip: skipWithoutUrl }, async () => {
  const { page, problems, close, picture } = await open();
  await picture('service');
  assert.equal(await page.locator('#connection-text').textContent(), 'Live');
  assert.deepEqual(problems, []);
  await close();
});

test('what the service withholds is shown as a bound, for every task', { skip: skipWithoutUrl }, async () => {
  const figures = async () => (await fetch(`${url}/v1/operator/dashboard`)).json();
  const { tasks, smallestCount } = await figures();
  for (const task of tasks) {
    const { page, close } = await open({ hash: `#${new URLSearchParams({ task: task.name })}` });
    assert.equal(await page.locator('#head h1').textContent(), task.name);
    const differences = async () => {
      const { current, history } = (await figures()).tasks.find(({ name }) => name === task.name);
      const round = current ?? history.at(-1);
      const rows = await page.locator('#funnel .stage').evaluateAll((all) => all.map((row) => [row.dataset.stage, row.querySelector('.stage-count').textContent]));
      return rows.map(([stage, text]) => [stage, text, round.funnel[stage]])
        .filter(([, text, count]) => text !== (count === undefined || count === null ? `<${smallestCount}` : count.toLocaleString('en-US')));
    };
    // A running round moves between the two readings: the page has some time to agree with the service.
    let found = await differences();
    for (let tries = 0; tries < 20 && found.length > 0; tries++) {
      await page.waitForTimeout(250);
      found = await differences();
    }

    assert.deepEqual(found, []);

    await close();
  }
});

for (const scheme of ['light', 'dark']) {
  test(`text has a contrast of at least 4.5:1 in the ${scheme} scheme`, { skip: skipWithoutUrl }, async () => {
    const { page, close } = await open({ scheme });
    const { seen, found } = await poorContrast(page);
    assert.ok(seen > 5);
    assert.deepEqual(found, []);
    await close();
  });
}
