#include "serve/service.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <random>
#include <utility>

#include "scenarios/schema/schema_text.h"
#include "serve/job.h"
#include "session/commands.h"
#include "session/graph.h"
#include "session/kit.h"
#include "session/state_lines.h"
#include "session/view.h"
#include "support/diagnostic.h"

namespace isobar::serve {

namespace {

using Json = nlohmann::ordered_json;
using session::Workload;

/// A request that cannot be answered, other than by what the test in it says.
struct Wrong {
  int status = 400;
  std::string why;
};

std::string text_at(const Json& o, const char* key, const std::string& otherwise) {
  const auto found = o.find(key);
  if (found == o.end() || found->is_null()) return otherwise;
  if (!found->is_string()) throw Wrong{400, fmt::format("'{}' must be a string", key)};
  return *found;
}

std::string text_at(const Json& o, const char* key) {
  if (!o.contains(key)) throw Wrong{400, fmt::format("'{}' is missing", key)};
  return text_at(o, key, "");
}

Json diagnostics_json(const InputError& e) {
  Json out = Json::array();
  for (const Diagnostic& d : e.diagnostics()) {
    out.push_back({{"file", d.where.file}, {"line", d.where.line}, {"column", d.where.column}, {"message", d.message}});
  }
  return out;
}

std::string new_id() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random());
}

/// A step as links have it: [core, kind, slot, choice].
Json json_of(const session::Step& s) {
  return {s.transition.core, static_cast<unsigned>(s.transition.kind), s.transition.slot, s.transition.choice};
}

std::vector<session::Step> steps_at(const Json& request) {
  std::vector<session::Step> out;
  if (!request.contains("steps")) return out;
  const Json& list = request["steps"];
  if (!list.is_array() || list.size() > 10'000) throw Wrong{400, "'steps' must be a list of at most 10000 steps"};
  for (const Json& s : list) {
    const bool four = s.is_array() && s.size() == 4 && std::all_of(s.begin(), s.end(), [](const Json& n) {
      return n.is_number_unsigned() && n.get<u64>() < 0x10000;
    });
    if (!four) throw Wrong{400, "a step must be a list of four small numbers"};
    out.push_back({0,
                   {static_cast<model::TransitionKind>(s[1].get<u16>()), static_cast<u8>(s[0].get<u16>()),
                    static_cast<u8>(s[2].get<u16>()), s[3].get<u16>()}});
  }
  return out;
}

Json search_json(const Workload& w, const explore::SearchResult& r) {
  Json list = Json::array();
  for (const session::StateLine& s : session::state_lines(w, r))
    list.push_back({{"state", s.text}, {"condition", s.positive}, {"steps", s.witness.size()}});
  return {{"outcomes", list},
          {"complete", r.status == explore::Status::Complete},
          {"reason", r.reason},
          {"states", r.states},
          {"seconds", r.seconds}};
}

/// Those of the groups that the request names; all if it names none.
std::vector<Change> chosen_changes(const std::vector<Change>& all, const Json& request) {
  const auto groups = request.find("groups");
  if (groups == request.end()) return all;
  if (!groups->is_array()) throw Wrong{400, "'groups' must be a list"};
  std::vector<Change> out;
  std::copy_if(all.begin(), all.end(), std::back_inserter(out),
               [&](const Change& c) { return std::find(groups->begin(), groups->end(), c.group) != groups->end(); });
  return out;
}

/// Values chosen for some switches: pairs of a place in the list of switches and one in its values.
using Settings = std::vector<std::pair<std::size_t, std::size_t>>;

/// `settings` of a request, {"switch": "value", ...}, in the order in which switches are set.
Settings settings_at(const std::vector<Switch>& switches, const Json& settings) {
  if (!settings.is_object()) throw Wrong{400, "'settings' must be an object"};
  Settings out;
  for (std::size_t n = 0; n < switches.size(); ++n) {
    const Switch& s = switches[n];
    const auto found = settings.find(s.what);
    if (found == settings.end()) continue;
    const auto value = std::find_if(s.values.begin(), s.values.end(), [&](const std::string& v) { return *found == v; });
    if (value == s.values.end()) throw Wrong{400, fmt::format("the switch '{}' has no such value", s.what)};
    out.emplace_back(n, static_cast<std::size_t>(value - s.values.begin()));
  }
  if (out.size() != settings.size()) throw Wrong{400, "this test has no such switch"};
  return out;
}

Workload with_settings(Workload w, const std::vector<Switch>& switches, const Settings& settings) {
  for (const auto& [n, value] : settings) w = switches[n].set(w, value);
  return w;
}

Json json_of(const std::vector<Switch>& switches) {
  Json out = Json::array();
  for (const Switch& s : switches) out.push_back({{"what", s.what}, {"group", s.group}, {"values", s.values}});
  return out;
}

/// Every combination of the values of the switches that the request names in `vary`, with those of `settings` fixed.
std::vector<Settings> combinations_at(const std::vector<Switch>& switches, const Json& request, std::size_t most) {
  std::vector<Settings> all{settings_at(switches, request.value("settings", Json::object()))};
  const Json& vary = request["vary"];
  if (!vary.is_array()) throw Wrong{400, "'vary' must be a list"};
  std::size_t known = 0;
  for (std::size_t n = 0; n < switches.size(); ++n) {
    if (std::find(vary.begin(), vary.end(), switches[n].what) == vary.end()) continue;
    ++known;
    std::vector<Settings> more;
    for (const Settings& some : all) {
      for (std::size_t value = 0; value < switches[n].values.size(); ++value) {
        more.push_back(some);
        more.back().erase(std::remove_if(more.back().begin(), more.back().end(), [n](const auto& s) { return s.first == n; }),
                          more.back().end());
        more.back().emplace_back(n, value);
      }
    }
    all = std::move(more);
    if (all.size() > most) throw Wrong{400, fmt::format("these are more than {} combinations", most)};
  }
  if (known != vary.size()) throw Wrong{400, "this test has no such switch"};
  for (Settings& s : all) std::sort(s.begin(), s.end());
  return all;
}

/// What the scenario or litmus test expects, for the table of outcomes.
Json expectations_json(const Workload& w) {
  Json out = Json::array();
  if (w.litmus) return Json::array({{{"expect", "condition"}, {"condition", w.litmus->condition_text}, {"why", ""}}});
  for (const scenarios::Expectation& e : w.scenario->expectations)
    out.push_back({{"expect", scenarios::name(e.kind)}, {"condition", e.source.text}, {"why", e.why}});
  return out;
}

}  // namespace

struct Service::Session {
  explicit Session(Workload w, Workload without) : commands(w), workload(std::move(w)), plain(std::move(without)) {}

  std::string id;
  u64 used = 0;
  std::mutex mutex;  ///< of everything below
  session::Commands commands;
  Workload workload;
  std::vector<Change> changes;
  Workload plain;  ///< without settings
  std::vector<Switch> switches;  ///< of `plain`
  /// Shared with the job that fills it in.
  struct Found {
    std::mutex mutex;
    std::optional<explore::SearchResult> result;
  };
  std::shared_ptr<Found> found = std::make_shared<Found>();
  std::unique_ptr<Job> job;  ///< last: it ends before what it uses

  void take_result() {
    const std::lock_guard lock(found->mutex);
    if (found->result && !commands.stepper().knows_outcomes()) commands.stepper().set_outcomes(*found->result);
  }
};

Service::Service(Analysis analysis, std::vector<Example> examples, ServiceLimits limits)
    : analysis_(std::move(analysis)), examples_(std::move(examples)), limits_(limits) {}

Service::~Service() = default;

Answer Service::handle(const std::string& path, const std::string& body) {
  Answer a;
  try {
    const Json request = Json::parse(body, nullptr, false);
    if (!request.is_object()) throw Wrong{400, "the request is not a JSON object"};
    a.json = dispatch(path, request);
  } catch (const Wrong& w) {
    a = {w.status, {{"error", w.why}, {"diagnostics", Json::array()}}};
  } catch (const InputError& e) {
    a = {400, {{"error", e.what()}, {"diagnostics", diagnostics_json(e)}}};
  } catch (const std::exception& e) {
    a = {500, {{"error", std::string("internal error: ") + e.what()}, {"diagnostics", Json::array()}}};
  }
  Json with_format = {{"format", kSessionFormat}};
  with_format.update(a.json);
  a.json = std::move(with_format);
  return a;
}

Service::Json Service::dispatch(const std::string& path, const Json& request) {
  if (path == "open") return open(request);
  if (path == "schema") return {{"schema", Json::parse(scenarios::schema_text())}};
  if (path == "kit") return kit(request);
  if (path == "examples") {
    Json list = Json::array();
    for (const Example& e : examples_) {
      list.push_back({{"name", e.name}, {"file", e.file}, {"text", e.text}});
      if (!e.lesson.is_null()) list.back()["lesson"] = e.lesson;
    }
    return {{"examples", list}};
  }
  static const char* const kKnown[] = {"command", "record", "progress", "cancel", "close", "search", "explain", "matrix", "combinations"};
  if (std::none_of(std::begin(kKnown), std::end(kKnown), [&](const char* k) { return path == k; }))
    throw Wrong{404, "there is no such request"};
  if (path == "close") {
    const std::lock_guard lock(mutex_);
    sessions_.erase(text_at(request, "session"));
    return {{"closed", text_at(request, "session")}};
  }
  const Pointer s = path == "cancel" ? find_if_open(request) : find(request);
  if (path == "cancel" && !s) return {{"running", false}};  // it ended by itself meanwhile
  const std::lock_guard lock(s->mutex);
  s->take_result();
  if (path == "command") return command(*s, request);
  if (path == "record") return record(*s);
  if (path == "cancel" && !s->job) return {{"running", false}};
  if (path == "cancel") s->job->cancel();
  if (path == "cancel" || path == "progress") {
    if (!s->job) throw Wrong{409, "nothing was started"};
    return s->job->report();
  }
  return start(s, path, request);
}

Service::Pointer Service::find_if_open(const Json& request) {
  const std::string id = text_at(request, "session");
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return nullptr;
  found->second->used = ++clock_;
  return found->second;
}

Service::Pointer Service::find(const Json& request) {
  Pointer s = find_if_open(request);
  if (!s) throw Wrong{404, "there is no such session; open the test again"};
  return s;
}

void Service::insert(const Pointer& s) {
  Pointer oldest;  // ends outside the lock: its search may still have to stop
  const std::lock_guard lock(mutex_);
  if (sessions_.size() >= limits_.sessions) {
    const auto first = std::min_element(sessions_.begin(), sessions_.end(),
                                        [](const auto& a, const auto& b) { return a.second->used < b.second->used; });
    oldest = first->second;
    sessions_.erase(first);
  }
  s->used = ++clock_;
  sessions_.emplace(s->id, s);
}

Service::Json Service::open(const Json& request) {
  const std::string text = text_at(request, "text"), file = text_at(request, "file", "test.yaml");
  const std::string variant = text_at(request, "variant", ""), tso = text_at(request, "tso", "");
  const std::string change = text_at(request, "change", "");
  if (text.size() > limits_.text_bytes)
    throw Wrong{413, fmt::format("a test may have at most {} bytes", limits_.text_bytes)};
  session::Overrides overrides;
  if (!variant.empty()) overrides.variants = {variant};
  if (!tso.empty()) overrides.tso = tso;
  std::vector<Workload> all = session::parse_workloads(text, file, overrides);
  session::Overrides plain;
  if (!tso.empty()) plain.tso = tso;
  Json variants = Json::array();
  for (const Workload& w : variant.empty() ? all : session::parse_workloads(text, file, plain))
    variants.push_back(w.variant);
  const Workload without = std::move(all.front());
  std::vector<Switch> switches = analysis_.switches(without);
  const Settings settings = settings_at(switches, request.value("settings", Json::object()));
  Workload w = with_settings(without, switches, settings);
  std::vector<Change> changes = analysis_.changes(w);
  // Barriers are put into the text, which knows nothing of the settings.
  if (!settings.empty())
    changes.erase(std::remove_if(changes.begin(), changes.end(), [](const Change& c) { return c.group == "stronger"; }),
                  changes.end());
  Json changes_list = Json::array();
  for (const Change& c : changes) changes_list.push_back({{"what", c.what}, {"group", c.group}});
  if (!change.empty()) {
    const auto found = std::find_if(changes.begin(), changes.end(), [&](const Change& c) { return c.what == change; });
    if (found == changes.end()) throw Wrong{400, "this test has no such change: " + change};
    w = found->make();
  }
  const Pointer s = std::make_shared<Session>(std::move(w), without);
  s->id = new_id();
  s->changes = std::move(changes);
  s->switches = std::move(switches);
  const std::vector<session::Step> steps = steps_at(request);
  session::Stepper& stepper = s->commands.stepper();
  if (const std::size_t allowed = stepper.replace(steps); allowed < steps.size())
    throw Wrong{400, fmt::format("the machine does not allow step {} of the link", allowed + 1)};
  stepper.jump(stepper.length());
  Json cores = Json::array();
  for (unsigned k = 0; k < stepper.state().core.size(); ++k) cores.push_back(stepper.listing().core(k));
  Json code = Json::array();
  for (const session::CodeLine& c : stepper.listing().code())
    code.push_back({{"thread", c.thread == session::kSharedCode ? -1 : static_cast<int>(c.thread)},
                    {"line", c.line},
                    {"text", c.text}});
  insert(s);
  Json out = {{"session", s->id},
              {"name", s->workload.name},
              {"title", s->workload.title()},
              {"variant", s->workload.variant},
              {"variants", variants},
              {"change", change},
              {"cores", cores},
              {"code", code},
              {"expectations", expectations_json(s->workload)},
              {"changes", changes_list},
              {"switches", json_of(s->switches)},
              {"settings", request.value("settings", Json::object())}};
  out["now"] = command(*s, {{"line", "show"}});
  return out;
}

// Everything that open(), and the changes that it offers, will ask for where there is no assembler.
Service::Json Service::kit(const Json& request) const {
  const std::string text = text_at(request, "text"), file = text_at(request, "file", "test.yaml");
  if (text.size() > limits_.text_bytes)
    throw Wrong{413, fmt::format("a test may have at most {} bytes", limits_.text_bytes)};
  session::Kit kit;
  session::KitRecorder recorder(kit);
  const auto also = [&](const std::function<Workload()>& make) {
    try {
      const Workload changed = make();
      recorder.ask_for_words(changed);
      analysis_.changes(changed);  // they name instructions
    } catch (const InputError&) {
      // Refused there as it is here.
    }
  };
  for (const Workload& w : session::parse_workloads(text, file, {})) {
    recorder.ask_for_words(w);
    recorder.ask_for_versions(w);
    for (const Change& c : analysis_.changes(w)) also(c.make);
    for (const Switch& s : analysis_.switches(w)) {
      for (std::size_t value = 1; value < s.values.size(); ++value) also([&] { return s.set(w, value); });
    }
  }
  return {{"kit", json(kit).dump(-1, ' ', false, Json::error_handler_t::replace)}};
}

Service::Json Service::command(Session& s, const Json& request) {
  const std::string line = text_at(request, "line");
  if (line.size() > 1000) throw Wrong{400, "a command may have at most 1000 bytes"};
  const bool searches = line.rfind("outcomes", 0) == 0 || line.rfind("follow", 0) == 0 || line.rfind("json", 0) == 0;
  if (searches && !s.commands.stepper().knows_outcomes()) throw Wrong{409, "search first: nothing is known of the outcomes"};
  const session::CommandResult r = s.commands.execute(line);
  Json out = r.json;
  const session::Stepper& stepper = s.commands.stepper();
  if (!out.contains("state")) return out;
  if (!out.contains("choices")) out.update(s.commands.execute("list").json);
  out["command"] = r.json.value("command", "");
  out["told"] = stepper.position() == 0 ? "" : stepper.told(stepper.position() - 1).what;
  out["graph"] = json(session::graph_at(stepper, stepper.position()));
  Json steps = Json::array();
  for (const session::Step& step : stepper.steps()) steps.push_back(json_of(step));
  out["steps"] = steps;
  return out;
}

Service::Json Service::record(Session& s) const {
  session::Stepper& stepper = s.commands.stepper();
  const std::size_t here = stepper.position();
  if (stepper.length() > limits_.recorded_steps)
    throw Wrong{400, fmt::format("a run of more than {} steps is not recorded as a page", limits_.recorded_steps)};
  Json states = Json::array();
  std::optional<session::StateView> before;
  for (std::size_t n = 0; n <= stepper.length(); ++n) {
    stepper.jump(n);
    const session::StateView now = session::view(stepper);
    Json o = s.commands.execute("list").json;
    o["state"] = json(now);
    o["changes"] = before ? session::changes(*before, now) : std::vector<std::string>{};
    o["graph"] = json(session::graph_at(stepper, n));
    o["told"] = n == 0 ? "" : stepper.told(n - 1).what;
    states.push_back(std::move(o));
    before = now;
  }
  stepper.jump(here);
  return {{"position", here}, {"states", states}};
}

Service::Json Service::start(const Pointer& s, const std::string& kind, const Json& request) {
  if (s->job && s->job->running()) throw Wrong{409, "something is still running; cancel it first"};
  s->job.reset();
  // The job must not use the session, whose lock is held while it is waited for.
  const Workload w = s->workload;
  const auto found = s->found;
  const ServiceLimits limits = limits_;
  const auto search = [limits](const Workload& of, Job& job, bool witnesses) {
    explore::SearchOptions o;
    o.max_states = limits.states;
    o.timeout_seconds = limits.seconds;
    o.witnesses = witnesses;
    o.interrupt = &job.stop();
    o.progress = [&job](const explore::Progress& p) { job.progress(p); };
    return explore::search(*of.machine, of.observables, o);
  };
  Job::Work work;
  if (kind == "search") {
    work = [w, found, search](Job& job) {
      explore::SearchResult r = search(w, job, true);
      Json out = search_json(w, r);
      const std::lock_guard lock(found->mutex);
      if (r.status == explore::Status::Complete || !found->result) found->result = std::move(r);
      return out;
    };
  } else if (kind == "explain") {
    const std::string outcome = text_at(request, "outcome", "");
    if (!s->commands.stepper().knows_outcomes()) throw Wrong{409, "search first: nothing is known of the outcomes"};
    const auto why = analysis_.why_forbidden;
    work = [w, found, why, outcome](Job&) {
      explore::SearchResult seen;
      {
        const std::lock_guard lock(found->mutex);
        seen = *found->result;
      }
      return why(w, outcome, seen);
    };
  } else if (kind == "combinations") {
    if (!request.contains("vary")) throw Wrong{400, "'vary' is missing"};
    const auto all = combinations_at(s->switches, request, limits_.combinations);
    work = [plain = s->plain, switches = s->switches, all, search](Job& job) {
      Json rows = Json::array();
      for (const Settings& settings : all) {
        if (job.stop()) break;
        job.note(fmt::format("combination {} of {}", rows.size() + 1, all.size()));
        Json values = Json::object();
        for (const auto& [n, value] : settings) values[switches[n].what] = switches[n].values[value];
        Json r;
        try {
          const Workload changed = with_settings(plain, switches, settings);
          r = search_json(changed, search(changed, job, false));
        } catch (const InputError& e) {
          r = {{"outcomes", Json::array()}, {"complete", false}, {"reason", e.what()}};  // a machine that cannot be
        }
        r["settings"] = values;
        rows.push_back(std::move(r));
      }
      return Json{{"rows", rows}, {"complete", rows.size() == all.size() && !job.stop()}};
    };
  } else {
    const std::vector<Change> changes = chosen_changes(s->changes, request);
    work = [w, changes, search](Job& job) {
      Json rows = Json::array();
      const auto row = [&](const std::string& what, const std::string& group, const Workload& of) {
        job.note(what);
        Json r = search_json(of, search(of, job, false));
        r["what"] = what;
        r["group"] = group;
        rows.push_back(std::move(r));
      };
      row("as it is", "base", w);
      for (const Change& c : changes) {
        if (job.stop()) break;
        try {
          row(c.what, c.group, c.make());
        } catch (const InputError&) {
          // The changed text is refused: not a change that can be offered.
        }
      }
      return Json{{"rows", rows}, {"complete", !job.stop()}};
    };
  }
  s->job = std::make_unique<Job>(kind, std::move(work));
  return s->job->report();
}

}  // namespace isobar::serve
