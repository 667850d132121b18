// Shows the slots' HTML and reports what people do with it. Runs once for every rendering.
//
// Elements say by data attributes what they do:
//   data-do="name" data-arg="…"   a click sends the name and the argument
//   data-field="name"             a changed control sends its value; data-v is the value Python holds
//   data-fold="name"              opening or closing a <details> is reported
//   data-focus="id"               where the focus goes if the clicked element is gone afterwards
//   data-goto="id"                a click leads there: folds around it open, it comes into view and has the focus
const waiting = [];
let seq = data.ack;
const lost = document.createElement('p');
lost.className = 'notice warning';
lost.style.gridColumn = '1 / -1';
lost.setAttribute('role', 'status');
lost.hidden = true;
lost.textContent = '⚠ No answer so far. If this stays: in a notebook, run the cell again; else reload the page.';
let focusAfter = null;
let goAfter = null;

function ownRoot() { return root.getRootNode(); }

function send(message, element) {
  seq = Math.max(seq, data.ack) + 1;
  message.seq = seq;
  if (element) element._seq = seq;
  waiting.push(message);
  deliver(0);
}

// All that is not acknowledged yet goes along, and goes again if no answer comes: no message is lost
// if two are merged on the way, or if the connection was not quite there yet.
function deliver(again) {
  while (waiting.length && waiting[0].seq <= data.ack) waiting.shift();
  lost.hidden = waiting.length === 0 || again < 6;
  if (!waiting.length) return;
  data.outbox = waiting.map((message) => ({...message, again}));
  clearTimeout(state.timer);
  if (again < 20) state.timer = setTimeout(() => deliver(again + 1), 1500);
}

window.addEventListener('pagehide', () => clearTimeout(state.timer));

function control(element) {
  const wanted = element.dataset.v;
  if (wanted === undefined || (element._seq || 0) > data.ack) return;
  if (element.type === 'checkbox' || element.type === 'radio') { element.checked = wanted === 'true'; return; }
  const typing = element.matches('input,textarea') && ownRoot().activeElement === element;
  if (!typing && element.value !== wanted) element.value = wanted;
}

function attributes(from, to) {
  for (const {name} of [...from.attributes]) {
    if (name === 'open' || to.hasAttribute(name)) continue;
    from.removeAttribute(name);
  }
  for (const {name, value} of [...to.attributes]) {
    if (name === 'open' || from.getAttribute(name) === value) continue;
    from.setAttribute(name, value);
  }
}

function alike(a, b) {
  if (a.nodeType !== b.nodeType) return false;
  if (a.nodeType !== 1) return true;
  return a.nodeName === b.nodeName && (a.id || a.dataset.key || '') === (b.id || b.dataset.key || '');
}

// Make `from` like `to` while touching as little as possible, so that focus, caret, scrolling and
// opened folds stay as they are.
function morph(from, to) {
  let old = from.firstChild;
  for (const next of [...to.childNodes]) {
    let match = old;
    while (match && !alike(match, next)) match = match.nextSibling;
    const identified = next.nodeType === 1 && (next.id || next.dataset.key);
    if (!match || (match !== old && !identified)) { from.insertBefore(next, old); continue; }
    while (old !== match) { const gone = old; old = old.nextSibling; gone.remove(); }
    old = match.nextSibling;
    if (match.nodeType !== 1) {
      if (match.nodeValue !== next.nodeValue) match.nodeValue = next.nodeValue;
    } else if (!match.isEqualNode(next)) {
      attributes(match, next);
      if (match.nodeName !== 'TEXTAREA') morph(match, next);
    }
  }
  while (old) { const gone = old; old = old.nextSibling; gone.remove(); }
}

state.show = (slot) => {
  const place = root.querySelector(`[data-slot="${slot}"]`);
  if (!place) return;
  const template = document.createElement('template');
  template.innerHTML = data[slot][0];
  const log = place.querySelector('[data-follow]');
  const follow = log && log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  morph(place, template.content);
  place.hidden = data[slot][0] === '';
  if (follow || !log) {
    const end = place.querySelector('[data-follow]');
    if (end) end.scrollTop = end.scrollHeight;
  }
  state.settle();
};

state.settle = () => {
  root.querySelectorAll('[data-v]').forEach(control);
  go();
  if (!focusAfter || focusAfter.seq > data.ack) return;
  const {from, id} = focusAfter;
  focusAfter = null;
  const target = root.querySelector(`[id="${id}"]`);
  if (target && (!from.isConnected || id !== from.dataset.focus)) target.focus();
};

// What is gone to may be drawn only once Python has answered, so it is looked for after every change until then.
function go() {
  const target = goAfter && goAfter.seq <= data.ack && root.querySelector(`[id="${goAfter.id}"]`);
  if (!target) return;
  goAfter = null;
  for (let fold = target.closest('details'); fold; fold = fold.parentElement.closest('details')) fold.open = true;
  target.focus({preventScroll: true});
  target.scrollIntoView({block: 'center'});
}

function value(element) { return element.type === 'checkbox' ? element.checked : element.value; }

function report(element) {
  clearTimeout(element._timer);
  const now = value(element);
  if (element._told === now && element.dataset.v === String(now)) return;
  element._told = now;
  send({do: 'set', field: element.dataset.field, value: now}, element);
}

root.addEventListener('click', (event) => {
  const element = event.target.closest('[data-do]');
  if (!element || element.getAttribute('aria-disabled') === 'true') return;
  event.preventDefault();
  send({do: element.dataset.do, arg: element.dataset.arg || ''});
  goAfter = element.dataset.goto ? {seq, id: element.dataset.goto} : null;
  const asked = element.dataset.focus;
  if (asked) focusAfter = {seq, from: element, id: asked};
});
root.addEventListener('change', (event) => {
  if (event.target.dataset.field) report(event.target);
});
root.addEventListener('input', (event) => {
  const element = event.target;
  if (!element.dataset.field || !element.matches('input:not([type=checkbox]):not([type=radio]),textarea')) return;
  clearTimeout(element._timer);
  element._timer = setTimeout(() => report(element), 500);
});
root.addEventListener('toggle', (event) => {
  const element = event.target;
  if (element.dataset && element.dataset.fold !== undefined && element._open !== element.open) {
    element._open = element.open;
    send({do: element.open ? 'open' : 'close', arg: element.dataset.fold});
  }
}, true);

// Colours live on :root of the page, from where they reach every shadow root.
if (!document.getElementById('workbench-colours')) {
  const style = document.createElement('style');
  style.id = 'workbench-colours';
  document.head.append(style);
}
document.getElementById('workbench-colours').textContent = data.page_css[0];
state.theme = (chosen) => {
  const page = document.documentElement.dataset;
  page.workbenchTheme = page.theme = data.theme;
  if (!chosen) return;
  // So that the next page, and a reload of this one, opens in the same colours.
  document.cookie = `lora-workbench-theme=${data.theme};path=/;max-age=31536000;samesite=lax`;
  const url = new URL(window.location.href);
  url.searchParams.set('theme', data.theme);
  window.history.replaceState(null, '', url);
};
state.theme(false);

root.className = `wb ${data.kind}`;
root.append(lost);
for (const slot of data.slots) {
  const place = document.createElement('div');
  place.dataset.slot = slot;
  place.className = `slot slot-${slot}`;
  root.append(place);
  state.show(slot);
}

// What Python sends before the page listens is lost, so it waits for this. The name tells this page from one
// before it: a notebook that is opened again shows what its cell held at first, and counts messages anew.
send({do: 'hello', arg: Math.random().toString(36).slice(2)});
