// Server-sent events over fetch. EventSource gives up for good on an error status and cannot resume from an id after it was closed; this one does both,
// and says when it will try again.

const firstDelay = 1000;
const longestDelay = 20000;

/**
 * Reads `url` until stopped. `onEvent(type, data, id)`; `onState({ name, retryAt, detail })` with name `connecting`, `live` or `waiting`. A stream that
 * was silent for `idleMilliseconds` is opened anew, because a dead connection is silent too.
 */
export class EventStream {
  #url;
  #onEvent;
  #onState;
  #idle;
  #lastId = '';
  #failures = 0;
  #abort;
  #timer;
  #watchdog;

  constructor(url, { onEvent, onState = () => {}, idleMilliseconds = 60000 }) {
    this.#url = url;
    this.#onEvent = onEvent;
    this.#onState = onState;
    this.#idle = idleMilliseconds;
  }

  /** Connects now, also where it would have waited longer. */
  start() {
    this.stop();
    this.#run();
  }

  stop() {
    clearTimeout(this.#timer);
    clearTimeout(this.#watchdog);
    this.#abort?.abort();
    this.#abort = undefined;
  }

  async #run(renewed = false) {
    const abort = new AbortController();
    this.#abort = abort;
    let detail = 'the connection was lost';
    let silent = false;
    const listen = () => {
      clearTimeout(this.#watchdog);
      this.#watchdog = setTimeout(() => {
        silent = true;
        abort.abort();
      }, this.#idle);
    };
    if (this.#failures === 0 && !renewed) this.#onState({ name: 'connecting' });
    try {
      listen();
      const headers = { Accept: 'text/event-stream' };
      if (this.#lastId) headers['Last-Event-ID'] = this.#lastId;
      const response = await fetch(this.#url, { headers, cache: 'no-store', signal: abort.signal });
      if (!response.ok) {
        detail = await explain(response);
        throw new Error(detail);
      }

      this.#failures = 0;
      this.#onState({ name: 'live' });
      await this.#read(response.body.getReader(), listen);
    } catch {
      // Below: every end of a stream is followed by another try.
    }

    clearTimeout(this.#watchdog);
    if (this.#abort !== abort) return;
    const delay = silent && this.#failures === 0 ? 0 : Math.min(longestDelay, firstDelay * 2 ** this.#failures);
    if (delay > 0) {
      this.#failures++;
      this.#onState({ name: 'waiting', retryAt: Date.now() + delay, detail });
    }

    this.#timer = setTimeout(() => this.#run(delay === 0), delay);
  }

  async #read(reader, listen) {
    const decoder = new TextDecoder();
    let rest = '';
    let type = '';
    let data = [];
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      listen();
      rest += decoder.decode(value, { stream: true });
      // A carriage return at the very end may be half of a line end.
      const lines = rest.split(/\r\n|\n|\r(?!$)/u);
      rest = lines.pop();
      for (const line of lines) {
        if (line === '') {
          if (data.length > 0) this.#onEvent(type || 'message', data.join('\n'), this.#lastId);
          type = '';
          data = [];
          continue;
        }

        const colon = line.indexOf(':');
        const field = colon < 0 ? line : line.slice(0, colon);
        const text = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /u, '');
        if (field === 'event') type = text;
        else if (field === 'data') data.push(text);
        else if (field === 'id' && !text.includes('\0')) this.#lastId = text;
      }
    }
  }
}

/** A refusal in words: the problem document's detail where there is one. */
export async function explain(response) {
  try {
    if (response.headers.get('content-type')?.includes('json')) {
      const problem = await response.json();
      const text = problem.detail ?? problem.title;
      if (text) return `${response.status}: ${text}`;
    }
  } catch {
    // Not a problem document after all.
  }

  return `the service answered ${response.status}`;
}
