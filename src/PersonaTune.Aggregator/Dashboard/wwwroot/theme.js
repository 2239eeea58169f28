// Runs before the first paint, so that a stored choice does not flash in the other scheme.
(function () {
  'use strict';
  try {
    const stored = window.localStorage.getItem('personatune-theme');
    if (stored === 'light' || stored === 'dark') document.documentElement.dataset.theme = stored;
  } catch {
    // Storage is switched off: the system's scheme applies.
  }
}());
