// The console's own script: copy buttons, the code editor, environment variable rows, confirmations, elapsed time.
(function () {
  "use strict";

  document.addEventListener("click", function (event) {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    copyText(button.dataset.copy).then(function () {
      button.classList.add("done");
      const before = button.title;
      button.title = "Copied";
      setTimeout(function () { button.classList.remove("done"); button.title = before; }, 1200);
    });
  });

  function copyText(text) {
    if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
    const area = document.createElement("textarea");
    area.value = text;
    area.style.position = "fixed";
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
    return Promise.resolve();
  }

  // A form with data-confirm asks before it is sent.
  document.addEventListener("submit", function (event) {
    const text = event.target.dataset.confirm;
    if (text && !window.confirm(text)) event.preventDefault();
  });

  // Line numbers beside a textarea, Tab that indents (Escape, then Tab, leaves the field), Enter that keeps the indent.
  function numberLines(area, lines) {
    const count = area.value.split("\n").length;
    if (lines.dataset.count !== String(count)) {
      lines.textContent = Array.from({ length: count }, function (_, index) { return index + 1; }).join("\n");
      lines.dataset.count = String(count);
    }
    lines.scrollTop = area.scrollTop;
  }

  function indent(area, back) {
    const value = area.value, from = area.selectionStart, to = area.selectionEnd;
    const start = value.lastIndexOf("\n", from - 1) + 1;
    if (from === to && !back) {
      area.setRangeText("    ", from, to, "end");
      return;
    }
    const block = value.slice(start, to);
    const changed = block.replace(/^/gm, function () { return back ? "" : "    "; });
    const result = back ? block.replace(/^ {1,4}/gm, "") : changed;
    area.setRangeText(result, start, to, "preserve");
    if (from !== to) area.setSelectionRange(start, start + result.length);
  }

  function editor(box) {
    const area = box.querySelector("textarea");
    if (!area || box.dataset.ready) return;
    box.dataset.ready = "1";
    const lines = document.createElement("pre");
    lines.className = "c-lines";
    lines.setAttribute("aria-hidden", "true");
    box.prepend(lines);
    let leaving = false;
    const renumber = function () { numberLines(area, lines); };
    area.addEventListener("input", renumber);
    area.addEventListener("scroll", function () { lines.scrollTop = area.scrollTop; });
    new ResizeObserver(function () { lines.style.height = area.offsetHeight + "px"; renumber(); }).observe(area);
    area.addEventListener("keydown", function (event) {
      if (event.key === "Escape") { leaving = true; return; }
      if (event.key === "Tab" && !leaving) {
        event.preventDefault();
        indent(area, event.shiftKey);
        renumber();
      } else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) {
        const line = area.value.slice(0, area.selectionStart).split("\n").pop();
        const deeper = /[:{([]\s*$/.test(line) ? "    " : "";
        event.preventDefault();
        area.setRangeText("\n" + /^\s*/.exec(line)[0] + deeper, area.selectionStart, area.selectionEnd, "end");
        area.dispatchEvent(new Event("input", { bubbles: true }));
      } else if (event.key === "Enter" && area.form) {
        event.preventDefault();
        area.form.requestSubmit();
      }
      leaving = false;
    });
    renumber();
  }

  // Choosing a runtime while the code is untouched shows that runtime's first example.
  function starters(form) {
    const runtime = form.querySelector("[name=runtime]"), area = form.querySelector("[name=source]");
    const handler = form.querySelector("[name=handler]"), data = document.getElementById("c-starters");
    if (!runtime || !area || !data) return;
    const all = JSON.parse(data.textContent);
    const kindOf = function (name) { return Object.keys(all).find(function (kind) { return name.startsWith(kind); }); };
    const untouched = function () { return Object.values(all).some(function (s) { return s.source === area.value; }) || !area.value; };
    runtime.addEventListener("change", function () {
      const kind = kindOf(runtime.value);
      if (!kind || !untouched()) return;
      area.value = all[kind].source;
      handler.value = all[kind].handler;
      area.dispatchEvent(new Event("input"));
    });
  }

  // A chosen test event goes into the payload field.
  document.addEventListener("change", function (event) {
    if (!event.target.matches("[data-fills]")) return;
    const area = document.getElementById(event.target.dataset.fills);
    const source = document.getElementById(event.target.value);
    if (!area || !source) return;
    area.value = JSON.parse(source.textContent);
    area.dispatchEvent(new Event("input"));
  });

  // An alias that shares its calls: the slider and the number say the same, and the line below says it in words.
  function share(box) {
    const slider = box.querySelector("[data-share-slider]"), number = box.querySelector("[name=percent]");
    const words = box.querySelector("[data-share-words]");
    const first = box.querySelector("[name=version]"), second = box.querySelector("[name=second_version]");
    const tell = function () {
      const percent = Number(number.value) || 0;
      slider.disabled = number.disabled = !second.value;
      words.textContent = !second.value ? "All calls go to version " + first.value + "."
        : "Version " + first.value + ": " + Number((100 - percent).toFixed(3)) + " % of the calls. Version "
          + second.value + ": " + percent + " %.";
      slider.setAttribute("aria-valuetext", words.textContent);
    };
    slider.addEventListener("input", function () { number.value = slider.value; tell(); });
    number.addEventListener("input", function () { slider.value = number.value || 0; tell(); });
    first.addEventListener("change", tell);
    second.addEventListener("change", function () { if (second.value && !number.value) number.value = slider.value; tell(); });
    tell();
  }

  // How long the running invocation has taken so far.
  let ticking = null;
  document.addEventListener("htmx:beforeRequest", function (event) {
    const clock = event.target.querySelector && event.target.querySelector("[data-elapsed]");
    if (!clock) return;
    const start = performance.now();
    clearInterval(ticking);
    ticking = setInterval(function () { clock.textContent = ((performance.now() - start) / 1000).toFixed(1) + " s"; }, 100);
  });
  document.addEventListener("htmx:afterRequest", function () { clearInterval(ticking); });
  // Answers that refuse (4xx, 5xx) are fragments with a sentence: show them too.
  document.addEventListener("htmx:beforeSwap", function (event) {
    const type = event.detail.xhr.getResponseHeader("Content-Type") || "";
    if (event.detail.xhr.status >= 400 && type.startsWith("text/html")) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
  });
  document.addEventListener("htmx:sendError", function (event) {
    const target = event.detail.target;
    if (target) target.innerHTML = '<p class="c-refused" role="alert">The server did not answer. Is it still running?</p>';
  });

  function start() {
    document.querySelectorAll(".c-editor").forEach(editor);
    document.querySelectorAll("form").forEach(starters);
    document.querySelectorAll("[data-share]").forEach(share);
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
