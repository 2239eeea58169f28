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
  const { tasks, smallestCount } = await (await fetch(`${url}/v1/operator/dashboard`)).json();
  for (const task of tasks) {
    const { page, close } = await open({ hash: `#${new URLSearchParams({ task: task.name })}` });
    assert.equal(await page.locator('#head h1').textContent(), task.name);
    const round = task.current ?? task.history.at(-1);
    for (const row of round ? await page.locator('#funnel .stage').all() : []) {
      const count = round.funnel[await row.getAttribute('data-stage')];
      const text = await row.locator('.stage-count').textContent();
      assert.equal(text, count === undefined || count === null ? `<${smallestCount}` : count.toLocaleString('en-US'));
    }

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
