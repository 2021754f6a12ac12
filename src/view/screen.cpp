// SPDX-License-Identifier: Apache-2.0
#include "view/screen.h"

#include <curses.h>
#include <unistd.h>

#include <clocale>
#include <cstdio>
#include <cstdlib>

namespace tracee {
namespace {

// Colour pairs; attributes say the same where there are no colours.
enum Pair : short { kBar = 1, kHeading, kKey, kFaint, kWarning };

attr_t attribute_of(Look look) noexcept {
  const bool colors = has_colors();
  const auto pair = [&](short number, attr_t without) {
    return colors ? static_cast<attr_t>(COLOR_PAIR(number)) : without;
  };
  switch (look) {
    case Look::Bar:
      return pair(kBar, A_REVERSE);
    case Look::Heading:
      return pair(kHeading, A_NORMAL) | A_BOLD;
    case Look::Selected:
      return A_REVERSE;
    case Look::Faint:
      return colors ? static_cast<attr_t>(A_DIM) : A_NORMAL;
    case Look::Warning:
      return pair(kWarning, A_REVERSE) | A_BOLD;
    case Look::Key:
      return pair(kKey, A_BOLD);
    case Look::Plain:
      break;
  }
  return A_NORMAL;
}

}  // namespace

Result<std::unique_ptr<Screen>> Screen::open() {
  if (isatty(STDIN_FILENO) == 0 || isatty(STDOUT_FILENO) == 0) {
    return fail(Exit::Usage, "top: standard input and output are not a terminal",
                "run it in a terminal; for pipes there is tracee --output json");
  }
  std::setlocale(LC_ALL, "");
  // The lines and arrows are UTF-8 whatever the locale of a root shell says.
  if (MB_CUR_MAX == 1) std::setlocale(LC_CTYPE, "C.UTF-8");
  if (newterm(nullptr, stdout, stdin) == nullptr) {
    const char* name = std::getenv("TERM");
    return fail(Exit::Usage,
                std::string("top: cannot draw on a terminal of the type '") +
                    (name == nullptr ? "" : name) + "'",
                "set TERM to what the terminal is, as in TERM=xterm-256color");
  }
  cbreak();
  noecho();
  nonl();
  keypad(stdscr, true);
  nodelay(stdscr, true);
  set_escdelay(25);
  curs_set(0);
  const char* no_color = std::getenv("NO_COLOR");
  if ((no_color == nullptr || *no_color == '\0') && has_colors()) {
    start_color();
    use_default_colors();
    init_pair(kBar, COLOR_BLACK, COLOR_CYAN);
    init_pair(kHeading, COLOR_CYAN, -1);
    init_pair(kKey, COLOR_GREEN, -1);
    init_pair(kWarning, COLOR_WHITE, COLOR_RED);
  }
  return std::unique_ptr<Screen>(new Screen);
}

Screen::~Screen() { endwin(); }

int Screen::key_fd() noexcept { return STDIN_FILENO; }
size_t Screen::width() noexcept { return static_cast<size_t>(COLS); }
size_t Screen::height() noexcept { return static_cast<size_t>(LINES); }

int Screen::next_key() noexcept {
  const int key = getch();
  switch (key) {
    case ERR:
      return 0;
    case KEY_UP:
      return kKeyUp;
    case KEY_DOWN:
      return kKeyDown;
    case KEY_LEFT:
      return kKeyLeft;
    case KEY_RIGHT:
      return kKeyRight;
    case KEY_PPAGE:
      return kKeyPageUp;
    case KEY_NPAGE:
      return kKeyPageDown;
    case KEY_HOME:
      return kKeyHome;
    case KEY_END:
      return kKeyEnd;
    case KEY_ENTER:
    case '\r':
    case '\n':
      return kKeyEnter;
    case KEY_BACKSPACE:
    case 127:
    case 8:
      return kKeyBack;
    case 27:
      return kKeyEscape;
    case KEY_RESIZE:
      return kKeyResize;
    default:
      return key;
  }
}

void Screen::show(const std::vector<ScreenLine>& lines) noexcept {
  erase();
  int row = 0;
  for (const ScreenLine& line : lines) {
    move(row++, 0);
    for (const Stretch& stretch : line) {
      attrset(attribute_of(stretch.look));
      addstr(stretch.text.c_str());
    }
  }
  attrset(A_NORMAL);
  refresh();
}

}  // namespace tracee
