(function () {
  var asked = new URLSearchParams(window.location.search).get("theme");
  var kept = (document.cookie.match(/(?:^|; )lora-workbench-theme=(light|dark)/) || [])[1];
  var preferred = window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  var theme = asked === "light" || asked === "dark" ? asked : kept || preferred;
  document.documentElement.dataset.workbenchTheme = theme;
})();
