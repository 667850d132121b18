"use strict";
const workbench = (function () {
  const WAIT = 60000, LOOK = 4000;
  const starting = document.getElementById("starting");
  const words = document.getElementById("starting_text");
  let over = false, kernel = "", misses = 0;

  function fail(reason) {
    if (over) return;
    over = true;
    starting.hidden = true;
    document.getElementById("failed_text").textContent = reason;
    document.getElementById("failed").hidden = false;
  }

  function shown() {
    if (over) return;
    over = true;
    starting.hidden = true;
    document.documentElement.dataset.ready = "yes";
  }

  // A view is there once Bokeh has put its root element, with a size, into the page.
  function look() {
    if (over) return;
    for (const root of document.querySelectorAll("#cells [data-root-id]")) {
      const view = root.firstElementChild;
      if (view && view.getBoundingClientRect().height > 0) return shown();
    }
    window.requestAnimationFrame(look);
  }

  function lost(yes) {
    document.getElementById("lost").hidden = !yes;
  }

  async function alive() {
    try {
      const answer = await fetch(document.body.dataset.baseUrl.replace(/voila\/$/, "") + "workbench/alive/" + kernel);
      misses = answer.ok ? 0 : misses + 2;
    } catch (error) {
      misses += 1;  // One miss may be a network that changes; the page itself reconnects then.
    }
    lost(misses >= 2);
    if (misses && !over) fail("The session behind the page ended before it was ready.");
    window.setTimeout(alive, LOOK);
  }

  window.voila_heartbeat = function () {
    words.textContent = "Starting… This takes longer than usual. There is nothing to do but wait.";
  };
  window.voila_process = window.voila_finish = function () {};
  window.setTimeout(function () { fail("It did not get ready within a minute."); }, WAIT);
  window.requestAnimationFrame(look);

  return {
    fail: fail,
    sent: function () {
      kernel = JSON.parse(document.getElementById("jupyter-config-data").textContent).kernelId;
      window.setTimeout(alive, LOOK);
    },
  };
})();
