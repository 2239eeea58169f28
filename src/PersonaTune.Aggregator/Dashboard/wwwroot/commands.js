// The commands that the page names where there is nothing to show yet. Null: there is no command for it; the page then says it in words only.

export const commands = {
  /** Shows what a task's privacy parameters cost before there is one. */
  planPrivacy: 'personatune privacy plan --population 10000 --cohort 100 --sigma 1.1 --epsilon 4 --delta 1e-8',
  /** Signs a task and hands it to the service. */
  createTask: null,
  /** Opens a task that is a draft or paused. */
  openTask: null,
  /** Runs rounds with simulated devices against this service. */
  simulate: 'personatune simulate --url http://127.0.0.1:5080 --keys aggregator/keys --devices 100',
};

/** A command as an entry of an explanation, or nothing. */
export const shown = (command) => (command ? { command } : null);
