// SPDX-License-Identifier: Apache-2.0
// What every report has: styles and a script. Nothing is fetched; the policy in
// the head forbids it even if a name from the network could smuggle markup in.
#pragma once

#include <string_view>

namespace tracee {

inline constexpr std::string_view kReportHead = R"(<!doctype html>
<html lang=en><head><meta charset=utf-8>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<meta name=viewport content="width=device-width, initial-scale=1">
<style>
:root { color-scheme: light dark; --ink: #1d2733; --soft: #56657a; --line: #e2e8f0; --card: #fff; --back: #f4f6f9; --accent: #2563a8; --warn: #b03a06; --bad: #b91c1c }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e5e9ef; --soft: #9aa8ba; --line: #2d3743; --card: #19212b; --back: #10161d; --accent: #6cabef; --warn: #f59e5b; --bad: #f87171 }
}
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 1480px; font: 14px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--back) }
header { padding: 22px 28px 14px } h1 { margin: 0 0 4px; font-size: 22px; overflow-wrap: anywhere }
header p { margin: 0; color: var(--soft) } header b { color: var(--ink) }
header span { display: inline-block; margin-right: 18px; white-space: nowrap }
main { padding: 0 28px 40px; display: grid; gap: 16px; grid-template-columns: repeat(6, minmax(0, 1fr)) }
section { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 14px 18px; min-width: 0; grid-column: 1 / -1 }
#graph { grid-column: span 4 } #kinds { grid-column: span 2 } #processes, #peers { grid-column: span 3 }
h2 { margin: 0 0 8px; font-size: 15px } small, .none, .legend, .ends { color: var(--soft); font-weight: normal }
.none { margin: 0 } .warn, header .warn { color: var(--warn) } .bad, header .bad b { color: var(--bad) } .warn, .bad { font-weight: 600 }
.wrap { max-height: 420px; overflow: auto } .graph { overflow-x: auto }
table { border-collapse: collapse; width: 100% }
th { position: sticky; top: 0; background: var(--card); text-align: left; color: var(--soft); font-weight: 600; cursor: pointer; white-space: nowrap }
th[aria-sort]::after { content: ' \2193' } th[aria-sort=ascending]::after { content: ' \2191' }
th, td { padding: 3px 14px 3px 0; border-bottom: 1px solid var(--line); vertical-align: top }
th:last-child, td:last-child { padding-right: 4px }
td { overflow-wrap: anywhere; min-width: 13ch } #findings td:last-child { min-width: 26ch } td.n { min-width: 0 } .n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums }
.search { width: 260px; max-width: 100%; margin: 0 0 8px; padding: 4px 8px; border: 1px solid var(--line); border-radius: 5px; background: var(--back); color: var(--ink); font: inherit }
.search::placeholder { color: var(--soft); opacity: 1 }
svg { width: 100%; display: block } #timeline svg { height: 150px } .graph svg { min-width: 660px; height: auto }
.graph path { fill: none; stroke: var(--accent); opacity: .35 } .graph path:hover { opacity: 1 }
.graph text { fill: var(--ink); font-size: 13px }
.ends { display: flex; justify-content: space-between; margin: 4px 0 0; font-variant-numeric: tabular-nums }
.legend { margin: 6px 0 0 } .legend span { display: inline-block; margin-right: 16px } .legend i { display: inline-block; width: 10px; height: 10px; border-radius: 2px; margin-right: 5px }
@media (max-width: 1000px) {
  header { padding: 16px 14px 12px } main { padding: 0 10px 24px; gap: 10px } section { padding: 12px }
  section#graph, section#kinds, section#processes, section#peers { grid-column: 1 / -1 }
}
</style>
)";

inline constexpr std::string_view kReportScript = R"(<script>
for (const input of document.querySelectorAll('.search')) {
  const section = input.closest('section'), rows = section.querySelectorAll('tbody tr');
  const count = section.querySelector('small'), all = count.textContent;
  input.addEventListener('input', () => {
    const wanted = input.value.toLowerCase();
    let shown = 0;
    for (const row of rows) {
      row.hidden = !row.textContent.toLowerCase().includes(wanted);
      shown += row.hidden ? 0 : 1;
    }
    count.textContent = wanted === '' ? all : shown === 0 ? 'none matches' : `${shown} of ${rows.length}`;
  });
}
for (const head of document.querySelectorAll('th')) {
  const figures = head.classList.contains('n');
  const sort = () => {
    const body = head.closest('table').tBodies[0], column = head.cellIndex;
    const was = head.getAttribute('aria-sort');
    // Figures begin with the highest, texts with the first.
    const up = was === null ? !figures : was === 'descending';
    for (const other of head.parentNode.cells) other.removeAttribute('aria-sort');
    head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
    const value = row => {
      const cell = row.cells[column];
      return cell.dataset.v === undefined ? cell.textContent : Number(cell.dataset.v);
    };
    const rows = [...body.rows].sort((a, b) => {
      const x = value(a), y = value(b);
      return (x < y ? -1 : x > y ? 1 : 0) * (up ? 1 : -1);
    });
    body.append(...rows);
  };
  head.tabIndex = 0;
  head.title = 'sort';
  head.addEventListener('click', sort);
  head.addEventListener('keydown', key => { if (key.key === 'Enter') sort(); });
}
</script>
)";

}  // namespace tracee
