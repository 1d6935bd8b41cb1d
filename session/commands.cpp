#include "session/commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <sstream>
#include <utility>

#include "session/state_lines.h"
#include "support/diagnostic.h"

namespace isobar::session {

namespace {

using Json = nlohmann::ordered_json;

/// Steps that "auto" takes unless it is told how many: more than any test needs that comes to an end.
constexpr std::size_t kMostSteps = 10'000;

[[noreturn]] void fail(const std::string& message) { throw InputError(Diagnostic{{}, message}); }

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

std::optional<u64> number(const std::string& text) {
  u64 n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return n;
}

u64 number_or(const std::vector<std::string>& arguments, std::size_t at, u64 otherwise) {
  if (at >= arguments.size()) return otherwise;
  const auto n = number(arguments[at]);
  if (!n) fail(fmt::format("expected a number, found '{}'", arguments[at]));
  return *n;
}

std::string joined(const std::vector<std::string>& words) { return fmt::format("{}", fmt::join(words, " ")); }

Json json_of(const WalkStep& s) { return {{"what", s.what}, {"notes", s.notes}}; }

std::string text_of(std::size_t number, const WalkStep& s) {
  std::string out = fmt::format("{:4}  {}\n", number, s.what);
  for (const std::string& note : s.notes) out += fmt::format("        {}\n", note);
  return out;
}

Json choices_json(const Stepper& s) {
  Json out = Json::array();
  for (const Choice& c : s.choices()) {
    Json o = json_of(c.told);
    o["core"] = c.transition.core;
    o["kind"] = std::string(model::name(c.transition.kind));
    o["slot"] = c.transition.slot;
    o["choice"] = c.transition.choice;
    o["dead"] = c.dead;
    out.push_back(std::move(o));
  }
  return out;
}

std::string choices_text(const Stepper& s) {
  std::string out;
  std::size_t n = 0;
  for (const Choice& c : s.choices()) {
    out += text_of(++n, c.told);
    if (c.dead) out += "        leads nowhere: a guess turns out wrong, or an order is violated\n";
  }
  return out;
}

std::vector<std::string> starting_with(std::vector<std::string> all, const std::string& prefix) {
  all.erase(std::remove_if(all.begin(), all.end(),
                           [&](const std::string& s) { return s.compare(0, prefix.size(), prefix) != 0; }),
            all.end());
  std::sort(all.begin(), all.end());
  return all;
}

const CommandInfo* find_command(const std::string& name) {
  const auto& all = Commands::table();
  const auto found = std::find_if(all.begin(), all.end(), [&](const CommandInfo& c) { return name == c.name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace

const std::vector<CommandInfo>& Commands::table() {
  using K = ArgumentKind;
  static const std::vector<CommandInfo> all = {
      {"help", "[COMMAND]", K::Command, "What the commands do", &Commands::help},
      {"show", "", K::None, "The state: cores, memory, versions of code", &Commands::show},
      {"list", "", K::None, "What can happen now, numbered", &Commands::list},
      {"step", "[N]", K::Choice, "Let number N of the list happen (default 1); N alone does the same", &Commands::step},
      {"why", "", K::None, "What cannot happen yet, and what it waits for", &Commands::why},
      {"changes", "", K::None, "What the last step changed", &Commands::changed},
      {"undo", "[N]", K::None, "Take back the last step, or the last N", &Commands::undo},
      {"redo", "[N]", K::None, "Do again what was undone: one step, or N", &Commands::redo},
      {"jump", "N|start|end", K::Position, "Go to the state after N steps of this run", &Commands::jump},
      {"reset", "", K::None, "Start over and forget the run", &Commands::reset},
      {"auto", "first|random [SEED] [N]", K::Pick, "Go on until the end, or for N steps", &Commands::play},
      {"outcomes", "", K::None, "Every outcome of the test", &Commands::outcomes},
      {"follow", "[N|OUTCOME]", K::Outcome,
       "Start over on the shortest run to an outcome; 'redo' goes along it",
       &Commands::follow},
      {"history", "", K::None, "The steps of this run", &Commands::history},
      {"save", "FILE", K::File, "Write the run as a trace for 'isobar replay'", &Commands::save},
      {"load", "FILE", K::File, "Read a trace and stand at its start", &Commands::load},
      {"json", "COMMAND", K::Command, "The result of a command as JSON", &Commands::as_json},
      {"quit", "", K::None, "Leave", &Commands::quit},
  };
  return all;
}

Commands::Commands(Workload w, FileAccess files)
    : files_(std::move(files)), stepper_(std::make_unique<Stepper>(std::move(w))) {}

CommandResult Commands::execute(const std::string& line) {
  std::vector<std::string> words = words_of(line.substr(0, line.find('#')));
  if (words.empty()) return {};
  if (number(words[0])) words.insert(words.begin(), "step");
  const CommandInfo* command = find_command(words[0]);
  if (command == nullptr) fail(fmt::format("unknown command '{}'; 'help' lists the commands", words[0]));
  words.erase(words.begin());
  const bool none = command->arguments[0] == '\0';
  if (none && !words.empty()) fail(fmt::format("'{}' takes no argument, found '{}'", command->name, joined(words)));
  CommandResult r = (this->*command->run)(words);
  if (!r.json.contains("command")) r.json["command"] = command->name;
  return r;
}

std::vector<std::string> Commands::complete(const std::string& line) const {
  std::vector<std::string> words = words_of(line);
  if (words.empty() || line.back() == ' ') words.emplace_back();
  std::vector<std::string> names;
  for (const CommandInfo& c : table()) names.emplace_back(c.name);
  if (words.size() == 1) return starting_with(names, words[0]);
  const CommandInfo* command = find_command(words[0]);
  if (command == nullptr) return {};
  if (command->kind == ArgumentKind::Command && words.size() == 2) return starting_with(names, words[1]);
  if (words.size() != 2) return {};
  switch (command->kind) {
    case ArgumentKind::Pick: return starting_with({"first", "random"}, words[1]);
    case ArgumentKind::Position: return starting_with({"start", "end"}, words[1]);
    case ArgumentKind::Choice: {
      std::vector<std::string> numbers;
      for (std::size_t n = 1; n <= stepper_->choices().size(); ++n) numbers.push_back(std::to_string(n));
      return starting_with(numbers, words[1]);
    }
    default: return {};
  }
}

bool Commands::completes_file(const std::string& line) {
  const std::vector<std::string> words = words_of(line);
  const CommandInfo* command = words.empty() ? nullptr : find_command(words[0]);
  const bool in_argument = words.size() == 2 || (words.size() == 1 && line.back() == ' ');
  return command != nullptr && command->kind == ArgumentKind::File && in_argument;
}

CommandResult Commands::help(const Arguments& arguments) {
  CommandResult r;
  Json list = Json::array();
  for (const CommandInfo& c : table()) {
    if (!arguments.empty() && arguments[0] != c.name) continue;
    r.text += fmt::format("{:32}{}\n", fmt::format("{} {}", c.name, c.arguments), c.help);
    list.push_back({{"name", c.name}, {"arguments", c.arguments}, {"help", c.help}});
  }
  if (list.empty()) fail(fmt::format("unknown command '{}'; 'help' lists the commands", arguments[0]));
  r.json["commands"] = list;
  return r;
}

CommandResult Commands::show(const Arguments&) {
  const StateView v = view(*stepper_);
  return {session::text(v), {{"state", json(v)}}};
}

CommandResult Commands::list(const Arguments&) {
  CommandResult r{choices_text(*stepper_), {{"choices", choices_json(*stepper_)}}};
  if (r.text.empty()) r.text = "nothing: " + view(*stepper_).status + "\n";
  return r;
}

CommandResult Commands::moved(std::size_t from) const {
  const StateView before = view_at(*stepper_, from), after = view(*stepper_);
  CommandResult r;
  r.text = fmt::format("Step {}: {}\n", after.position, after.status);
  if (after.position == from + 1) r.text = text_of(after.position, stepper_->told(from)) + r.text;
  const std::vector<std::string> different = changes(before, after);
  for (const std::string& change : different) r.text += fmt::format("  {}\n", change);
  if (!after.outcome.empty()) r.text += fmt::format("outcome: {}\n", after.outcome);
  r.text += choices_text(*stepper_);
  r.json = {{"from", from},
            {"changes", different},
            {"state", json(after)},
            {"choices", choices_json(*stepper_)}};
  return r;
}

CommandResult Commands::step(const Arguments& arguments) {
  const u64 n = number_or(arguments, 0, 1);
  const std::size_t count = stepper_->choices().size();
  if (count == 0) fail("nothing can happen: " + view(*stepper_).status);
  if (n == 0 || n > count) fail(fmt::format("there is no number {} in the list; expected 1 to {}", n, count));
  const std::size_t from = stepper_->position();
  stepper_->take({stepper_->state().storage.time, stepper_->choices()[n - 1].transition});
  return moved(from);
}

CommandResult Commands::why(const Arguments&) {
  CommandResult r;
  Json blocked = Json::array();
  const StateView v = view(*stepper_);
  for (const CoreView& c : v.cores) {
    for (const InstructionView& i : c.window) {
      for (const UopView& u : i.uops) {
        if (u.waits.empty()) continue;
        r.text += fmt::format("{}: {}: {}\n        waits {}\n", c.name, i.text, u.status, u.waits);
        blocked.push_back({{"core", c.name}, {"instruction", i.text}, {"slot", u.slot}, {"waits", u.waits}});
      }
    }
    if (!c.interrupt.empty()) {
      r.text += fmt::format("{}: pending interrupt: waits {}\n", c.name, c.interrupt);
      blocked.push_back({{"core", c.name}, {"interrupt", c.interrupt}});
    }
    if (c.fetch.empty()) continue;
    r.text += fmt::format("{}: {}\n", c.name, c.fetch);
    blocked.push_back({{"core", c.name}, {"fetch", c.fetch}});
  }
  if (r.text.empty()) r.text = "nothing waits\n";
  r.json["blocked"] = blocked;
  return r;
}

CommandResult Commands::changed(const Arguments&) {
  if (stepper_->position() == 0) fail("no step was taken yet");
  CommandResult r;
  const std::vector<std::string> all =
      changes(view_at(*stepper_, stepper_->position() - 1), view(*stepper_));
  for (const std::string& change : all) r.text += change + "\n";
  if (all.empty()) r.text = "nothing\n";
  r.json["changes"] = all;
  return r;
}

CommandResult Commands::undo(const Arguments& arguments) {
  const u64 n = number_or(arguments, 0, 1);
  const std::size_t from = stepper_->position();
  if (n > from) fail(from == 0 ? "there is nothing to undo" : fmt::format("there are only {} steps to undo", from));
  stepper_->jump(from - n);
  return moved(from);
}

CommandResult Commands::redo(const Arguments& arguments) {
  const u64 n = number_or(arguments, 0, 1);
  const std::size_t from = stepper_->position(), left = stepper_->length() - from;
  if (n > left) fail(left == 0 ? "there is nothing to redo" : fmt::format("there are only {} steps to redo", left));
  stepper_->jump(from + n);
  return moved(from);
}

CommandResult Commands::jump(const Arguments& arguments) {
  if (arguments.size() != 1) fail("expected the number of a step, start or end");
  const std::size_t from = stepper_->position();
  const u64 n = arguments[0] == "start" ? 0 : arguments[0] == "end" ? stepper_->length() : number_or(arguments, 0, 0);
  if (!stepper_->jump(n)) fail(fmt::format("this run has only {} steps", stepper_->length()));
  return moved(from);
}

CommandResult Commands::reset(const Arguments&) {
  stepper_->replace({});
  return moved(0);
}

CommandResult Commands::play(const Arguments& arguments) {
  const bool random = !arguments.empty() && arguments[0] == "random";
  if (!random && (arguments.empty() || arguments[0] != "first")) fail("expected first or random");
  const std::size_t from = stepper_->position();
  const u64 seed = random ? number_or(arguments, 1, 1) : 0;
  const u64 most = number_or(arguments, random ? 2 : 1, kMostSteps);
  const std::size_t taken = stepper_->play(random ? Pick::Random : Pick::First, seed, most);
  CommandResult told = moved(from);
  std::string steps;
  for (std::size_t n = from; taken > 1 && n < stepper_->position(); ++n) steps += text_of(n + 1, stepper_->told(n));
  told.text = steps + told.text;
  told.json["taken"] = taken;
  return told;
}

CommandResult Commands::outcomes(const Arguments&) {
  CommandResult r;
  const explore::SearchResult& all = stepper_->outcomes();
  Json list = Json::array();
  for (const StateLine& s : state_lines(stepper_->workload(), all)) {
    list.push_back({{"state", s.text}, {"condition", s.positive}});
    r.text += fmt::format("{:4}  {}{}\n", list.size(), s.text, s.positive ? "   (condition holds)" : "");
  }
  const bool complete = all.status == explore::Status::Complete;
  if (!complete) r.text += fmt::format("perhaps more: {}\n", all.reason);
  r.json = {{"outcomes", list}, {"complete", complete}, {"reason", all.reason}};
  return r;
}

CommandResult Commands::follow(const Arguments& arguments) {
  const Workload& w = stepper_->workload();
  std::optional<std::string> wanted;
  if (!arguments.empty()) wanted = joined(arguments);
  if (arguments.size() == 1 && number(arguments[0])) {
    const std::vector<StateLine> lines = state_lines(w, stepper_->outcomes());
    const u64 n = *number(arguments[0]);
    if (n == 0 || n > lines.size())
      fail(fmt::format("there is no outcome {}; expected 1 to {}", n, lines.size()));
    wanted = lines[n - 1].text;
  }
  const Goal goal = goal_of(w, wanted, stepper_->outcomes());
  const auto run = stepper_->shortest(goal);
  if (!run) {
    const bool never = stepper_->outcomes().status == explore::Status::Complete;
    fail(never ? fmt::format("no run ends with {}", goal.text)
               : fmt::format("no run was found that ends with {}", goal.text));
  }
  stepper_->replace(untimed(*run));
  CommandResult r = moved(0);
  r.text = fmt::format("{} steps lead to {}; 'redo' takes one, 'jump end' all\n", run->size(), goal.text) + r.text;
  r.json["goal"] = goal.text;
  return r;
}

CommandResult Commands::history(const Arguments&) {
  CommandResult r;
  Json steps = Json::array();
  for (std::size_t n = 0; n < stepper_->length(); ++n) {
    const WalkStep told = stepper_->told(n);
    if (n == stepper_->position()) r.text += "      -- here --\n";
    r.text += text_of(n + 1, told);
    steps.push_back(json_of(told));
  }
  if (r.text.empty()) r.text = "no step was taken yet\n";
  r.json = {{"position", stepper_->position()}, {"steps", steps}};
  return r;
}

CommandResult Commands::save(const Arguments& arguments) {
  if (arguments.size() != 1) fail("expected the name of a file");
  if (!files_.write) fail("files cannot be written here");
  const trace::Trace t = stepper_->record();
  files_.write(arguments[0], to_text(t));
  CommandResult r;
  r.text = fmt::format("wrote {} ({} steps)\n", arguments[0], t.steps.size());
  r.json = {{"file", arguments[0]}, {"steps", t.steps.size()}};
  return r;
}

CommandResult Commands::load(const Arguments& arguments) {
  if (arguments.size() != 1) fail("expected the name of a file");
  if (!files_.read) fail("files cannot be read here");
  std::istringstream in(files_.read(arguments[0]));
  const trace::Trace t = trace::read_trace(in, arguments[0]);
  auto loaded = std::make_unique<Stepper>(workload_of(t, arguments[0]));
  const std::vector<Step> steps = steps_of(t, arguments[0]);
  const std::size_t allowed = loaded->replace(steps);
  if (allowed < steps.size()) {
    throw InputError(Diagnostic{{arguments[0], allowed < t.line.size() ? t.line[allowed] : 0, 0},
                                "the machine does not allow this step: " + describe(steps[allowed].transition)});
  }
  stepper_ = std::move(loaded);
  CommandResult r = moved(0);
  r.text = fmt::format("{}: {} steps; 'redo' takes one, 'jump end' all\n", stepper_->workload().title(),
                       stepper_->length()) +
           r.text;
  return r;
}

CommandResult Commands::as_json(const Arguments& arguments) {
  if (arguments.empty()) fail("expected a command");
  CommandResult r = execute(joined(arguments));
  r.text = r.json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  return r;
}

CommandResult Commands::quit(const Arguments&) {
  CommandResult r;
  r.quit = true;
  return r;
}

}  // namespace isobar::session
