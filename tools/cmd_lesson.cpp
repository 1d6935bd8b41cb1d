#include <fmt/format.h>

#include <cstdio>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "session/commands.h"
#include "session/goal.h"
#include "support/diagnostic.h"
#include "tools/command.h"
#include "tools/lesson.h"
#include "tools/workload.h"

namespace isobar::tools {

namespace {

struct LessonOptions {
  std::optional<unsigned> number;
  bool check = false;
};

void list_lessons() {
  for (const Lesson& l : lessons()) std::printf("%3u  %s\n", l.number, l.title.c_str());
  std::printf("'isobar lesson N' begins one.\n");
}

Workload scenario_of(const Lesson& l) {
  Overrides overrides;
  if (!l.variant.empty()) overrides.variants = {l.variant};
  return std::move(parse_workloads(l.scenario, l.file, overrides).front());
}

/// Does a search find the outcome that the lesson asks for? nullopt if it was not complete.
std::optional<bool> answer(session::Stepper& stepper, const Lesson& l) {
  const Workload& w = stepper.workload();
  const explore::SearchResult& seen = stepper.outcomes();
  const session::Goal goal = session::goal_of(w, l.outcome, seen);
  for (const auto& [outcome, info] : seen.outcomes) {
    if (goal.holds(w, outcome)) return true;
  }
  if (seen.status != explore::Status::Complete) return std::nullopt;
  return false;
}

ExitStatus check_all() {
  ExitStatus worst = ExitStatus::AsExpected;
  for (const Lesson& l : lessons()) {
    session::Stepper stepper(scenario_of(l));
    const std::optional<bool> yes = answer(stepper, l);
    std::printf("%3u  %s: %s\n", l.number, l.outcome.c_str(), !yes ? "undetermined" : *yes ? "possible" : "not possible");
    if (!yes) worst = ExitStatus::Undetermined;
  }
  return worst;
}

void say_answer(session::Stepper& stepper, const Lesson& l, bool said) {
  const std::optional<bool> yes = answer(stepper, l);
  if (!yes) {
    std::printf("The search was not complete, so nobody knows.\n");
  } else {
    std::printf("%s: a search of all runs %s it.\n", *yes == said ? "Right" : "No", *yes ? "finds" : "does not find");
  }
}

ExitStatus run_lesson(const Lesson& l) {
  std::printf("Lesson %u: %s\n\n%s\n", l.number, l.title.c_str(), l.text.c_str());
  for (const std::string& t : l.tries) std::printf("  Try: %s\n", t.c_str());
  std::printf("\n%s\nAnswer yes or no. Any command of 'isobar step' works too; 'help' lists them.\n\n", l.question.c_str());
  session::Commands commands(scenario_of(l));
  for (std::string line; std::printf("lesson> "), std::fflush(stdout), std::getline(std::cin, line);) {
    if (line == "yes" || line == "no") {
      say_answer(commands.stepper(), l, line == "yes");
      continue;
    }
    try {
      const session::CommandResult r = commands.execute(line);
      std::fputs(r.text.c_str(), stdout);
      if (r.quit) break;
    } catch (const InputError& e) {
      for (const Diagnostic& d : e.diagnostics()) std::printf("%s\n", to_string(d).c_str());
    }
  }
  std::printf("\n");
  return ExitStatus::AsExpected;
}

ExitStatus teach(const LessonOptions& options) {
  if (options.check) return check_all();
  if (!options.number) {
    list_lessons();
    return ExitStatus::AsExpected;
  }
  if (*options.number == 0 || *options.number > lessons().size()) {
    throw InputError(Diagnostic{{}, fmt::format("there is no lesson {}; expected 1 to {}", *options.number, lessons().size())});
  }
  return run_lesson(lessons()[*options.number - 1]);
}

}  // namespace

void add_lesson(CLI::App& app, Action& chosen) {
  CLI::App* sub = app.add_subcommand("lesson", "Lessons on memory ordering, with questions");
  auto options = std::make_shared<LessonOptions>();
  sub->add_option("N", options->number, "The number of the lesson; without it they are listed")->type_name("");
  sub->add_flag("--check", options->check, "Answer the question of every lesson by search");
  sub->footer("'isobar serve' shows the same lessons in the browser. docs/lessons.md says how to write one.");
  sub->callback([&chosen, options] { chosen = [options] { return teach(*options); }; });
}

}  // namespace isobar::tools
