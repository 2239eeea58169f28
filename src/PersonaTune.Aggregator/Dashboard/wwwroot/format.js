// Numbers and times as people read them, in the browser's language.

const number = (options) => new Intl.NumberFormat(undefined, options);
const integers = number({ maximumFractionDigits: 0 });
const percents = number({ style: 'percent', maximumFractionDigits: 0 });
const percentTicks = number({ style: 'percent', maximumFractionDigits: 1 });
const finePercents = number({ style: 'percent', minimumFractionDigits: 1, maximumFractionDigits: 1 });
const losses = number({ minimumFractionDigits: 3, maximumFractionDigits: 3 });
const epsilons = number({ minimumFractionDigits: 2, maximumFractionDigits: 2 });
const limits = number({ maximumFractionDigits: 2 });
const tiny = number({ notation: 'scientific', maximumSignificantDigits: 3 });
const sizes = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
const size = number({ maximumSignificantDigits: 3 });
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
const moments = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const complete = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' });

export const none = '–';
const orNone = (format) => (value) => (value === null || value === undefined ? none : format(value));

export const integer = orNone((value) => integers.format(value));
export const percent = orNone((value) => percents.format(value));
export const percentTick = orNone((value) => percentTicks.format(value));
export const accuracy = orNone((value) => finePercents.format(value));
export const loss = orNone((value) => losses.format(value));
export const epsilon = orNone((value) => epsilons.format(value));
export const limit = orNone((value) => limits.format(value));
export const scientific = orNone((value) => tiny.format(value).replace('E', 'e'));
export const signed = (value, format) => (value < 0 ? '−' : '+') + format(Math.abs(value));
export const plural = (count, one, many) => `${integer(count)} ${count === 1 ? one : many}`;

/** A count of devices; an absent one was withheld for being small and is never guessed. */
export const devices = (count, smallest) => (withheld(count) ? `<${integer(smallest)}` : integer(count));
export const withheld = (count) => count === null || count === undefined;

export const bytes = orNone((value) => {
  let unit = 0;
  while (value >= 1000 && unit < sizes.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${size.format(value)} ${sizes[unit]}`;
});

/** A byte chart's axis: round numbers of the unit that `bytes` writes. */
export const bytesTick = (value) => (value === 0 ? '0' : bytes(value));
export const byteSteps = sizes.flatMap((unit, power) => [1, 2, 5, 10, 20, 50, 100, 200, 500].map((step) => step * 1024 ** power));

export const time = (iso) => clock.format(new Date(iso));
export const moment = (iso) => moments.format(new Date(iso));
export const fullMoment = (iso) => complete.format(new Date(iso));

/** "04:09" or "2:04:09"; never negative. */
export function countdown(milliseconds) {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  const two = (value) => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  return `${hours > 0 ? `${hours}:` : ''}${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

export function duration(fromIso, toIso) {
  if (!toIso) return none;
  const seconds = Math.max(0, Math.round((new Date(toIso) - new Date(fromIso)) / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${integer(Math.floor(seconds / 3600))} h ${Math.floor(seconds / 60) % 60} min`;
}

/** "budget-exhausted" as "Budget exhausted". */
export const words = (kebab) => {
  const text = String(kebab).replaceAll('-', ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
};
