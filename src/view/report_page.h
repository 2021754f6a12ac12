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
:root { --ink: #1d2733; --soft: #64748b; --line: #e2e8f0; --card: #fff; --back: #f4f6f9; --accent: #2563a8 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e5e9ef; --soft: #93a1b3; --line: #2d3743; --card: #19212b; --back: #10161d; --accent: #6cabef }
}
* { box-sizing: border-box }
body { margin: 0; font: 14px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--back) }
header { padding: 22px 28px 12px } h1 { margin: 0 0 4px; font-size: 22px }
header p { margin: 0; color: var(--soft) } header b { color: var(--ink) }
main { padding: 0 28px 40px; display: grid; gap: 16px; grid-template-columns: repeat(auto-fit, minmax(460px, 1fr)) }
section { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 14px 18px; min-width: 0 }
#findings, #timeline, #graph, #dns, #http { grid-column: 1 / -1 }
h2 { margin: 0 0 8px; font-size: 15px } small, .none, .legend { color: var(--soft); font-weight: normal }
.none { margin: 0 } .warn { color: #c2410c !important }
.wrap { max-height: 420px; overflow: auto }
table { border-collapse: collapse; width: 100% }
th { position: sticky; top: 0; background: var(--card); text-align: left; color: var(--soft); font-weight: 600; cursor: pointer }
th, td { padding: 3px 14px 3px 0; border-bottom: 1px solid var(--line); vertical-align: top }
td { overflow-wrap: anywhere } .n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums }
.search { width: 260px; margin: 0 0 8px; padding: 4px 8px; border: 1px solid var(--line); border-radius: 5px; background: var(--back); color: var(--ink) }
svg { width: 100%; height: auto; display: block } svg text { fill: var(--soft); font-size: 12px }
.graph path { fill: none; stroke: var(--accent); opacity: .35 } .graph path:hover { opacity: .9 }
.graph text { fill: var(--ink) }
.legend { margin: 6px 0 0 } .legend span { margin-right: 14px } .legend i { display: inline-block; width: 10px; height: 10px; border-radius: 2px; margin-right: 5px }
</style>
)";

inline constexpr std::string_view kReportScript = R"(<script>
for (const input of document.querySelectorAll('.search')) {
  const rows = input.parentNode.querySelectorAll('tbody tr');
  input.addEventListener('input', () => {
    const wanted = input.value.toLowerCase();
    for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
  });
}
for (const head of document.querySelectorAll('th')) {
  head.addEventListener('click', () => {
    const body = head.closest('table').tBodies[0], column = head.cellIndex;
    const up = head.dataset.up = head.dataset.up === '1' ? '0' : '1';
    const value = row => {
      const cell = row.cells[column];
      return cell.dataset.v === undefined ? cell.textContent : Number(cell.dataset.v);
    };
    const rows = [...body.rows].sort((a, b) => {
      const x = value(a), y = value(b);
      return (x < y ? -1 : x > y ? 1 : 0) * (up === '1' ? 1 : -1);
    });
    body.append(...rows);
  });
}
</script>
)";

}  // namespace tracee
