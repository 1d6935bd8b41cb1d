#include "trace/trace_file.h"

#include <cstdio>
#include <istream>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string_view>

#include "support/diagnostic.h"

namespace isobar::trace {
namespace {

using Json = nlohmann::json;
using Ordered = nlohmann::ordered_json;

std::string dump(const Ordered& j) { return j.dump(-1, ' ', false, Ordered::error_handler_t::replace); }

/// One line of the file with the place it came from; every accessor throws InputError on the wrong shape.
class Line {
 public:
  Line(const std::string& file, u32 number, const std::string& text) : file_(file), number_(number) {
    try {
      json_ = Json::parse(text);
    } catch (const nlohmann::json::parse_error& e) {
      fail("not a JSON object: " + reason(e.what()), static_cast<u32>(e.byte));
    } catch (const nlohmann::json::exception& e) {
      // A number too large for a double is reported without its place.
      fail("not a JSON object: " + reason(e.what()));
    }
    if (!json_.is_object()) fail("expected a JSON object");
  }

  [[noreturn]] void fail(const std::string& message, u32 column = 1) const {
    throw InputError(Diagnostic{{file_, number_, column}, message});
  }
  bool has(const char* key) const { return json_.contains(key); }

  std::string text(const char* key) const { return as_text(key, member(key)); }
  bool flag(const char* key) const {
    const Json& j = member(key);
    if (!j.is_boolean()) fail(expected(key, "true or false"));
    return j.get<bool>();
  }
  u64 number(const char* key, u64 max) const {
    const Json& j = member(key);
    if (!j.is_number_unsigned() || j.get<u64>() > max) {
      fail(expected(key, "a whole number from 0 to " + std::to_string(max)));
    }
    return j.get<u64>();
  }
  std::map<std::string, std::string> texts(const char* key) const {
    const Json& j = member(key);
    if (!j.is_object()) fail(expected(key, "an object of strings"));
    std::map<std::string, std::string> out;
    for (const auto& [name, value] : j.items()) out[name] = as_text(name.c_str(), value);
    return out;
  }
  std::vector<std::pair<std::string, std::string>> pairs(const char* key) const {
    const Json& j = member(key);
    if (!j.is_array()) fail(expected(key, "a list of [label, value]"));
    std::vector<std::pair<std::string, std::string>> out;
    for (const Json& item : j) {
      if (!item.is_array() || item.size() != 2) fail(expected(key, "a list of [label, value]"));
      out.emplace_back(as_text(key, item[0]), as_text(key, item[1]));
    }
    return out;
  }
  /// Fails if the object has a key that is not in `allowed`.
  void only(std::initializer_list<std::string_view> allowed) const {
    for (const auto& [name, value] : json_.items()) {
      bool found = false;
      for (std::string_view a : allowed) found = found || name == a;
      if (!found) fail("unknown key \"" + name + "\"");
    }
  }

 private:
  static std::string expected(const std::string& key, const std::string& what) {
    return "\"" + key + "\": expected " + what;
  }
  /// nlohmann's message without its own error number and position.
  static std::string reason(const std::string& what) {
    const std::size_t colon = what.find(": ");
    return colon == std::string::npos ? what : what.substr(colon + 2);
  }
  const Json& member(const char* key) const {
    const auto found = json_.find(key);
    if (found == json_.end()) fail("missing key \"" + std::string(key) + "\"");
    return *found;
  }
  std::string as_text(const char* key, const Json& j) const {
    if (!j.is_string()) fail(expected(key, "a string"));
    return j.get<std::string>();
  }

  const std::string& file_;
  u32 number_;
  Json json_;
};

TraceHeader read_header(const Line& line) {
  line.only({"isobar_trace", "name", "source", "text", "variant", "seed", "driver", "machine"});
  if (!line.has("isobar_trace")) line.fail("not an Isobar trace: the first line lacks \"isobar_trace\"");
  if (line.number("isobar_trace", ~u32{0}) != kTraceVersion) {
    line.fail("trace version is not " + std::to_string(kTraceVersion) + ", the one this program reads");
  }
  TraceHeader h;
  h.name = line.text("name");
  h.source_file = line.text("source");
  h.source_text = line.text("text");
  h.variant = line.text("variant");
  h.seed = line.number("seed", ~u64{0});
  h.driver = line.text("driver");
  h.machine = line.texts("machine");
  return h;
}

TraceStep read_step(const Line& line) {
  line.only({"t", "core", "slot", "choice", "time"});
  TraceStep s;
  s.kind = line.text("t");
  s.core = static_cast<u8>(line.number("core", kMaxCores - 1));
  s.slot = static_cast<u8>(line.number("slot", 0xff));
  s.choice = static_cast<u16>(line.number("choice", 0xffff));
  if (line.has("time")) s.time = line.number("time", ~u64{0});
  return s;
}

TraceFooter read_footer(const Line& line, std::size_t steps) {
  line.only({"end", "steps", "outcome", "digest"});
  TraceFooter f;
  const std::string end = line.text("end");
  if (end != "complete" && end != "interrupted") line.fail("\"end\": expected \"complete\" or \"interrupted\"");
  f.complete = end == "complete";
  if (line.number("steps", ~u64{0}) != steps) {
    line.fail("the footer speaks of another number of transitions than the " + std::to_string(steps) + " in the file");
  }
  f.outcome = line.pairs("outcome");
  const std::optional<Digest> digest = parse_digest(line.text("digest"));
  if (!digest) line.fail("\"digest\": expected 32 hexadecimal digits");
  f.digest = *digest;
  return f;
}

}  // namespace

std::string to_text(const Digest& d) {
  char text[33];
  std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(d.a),
                static_cast<unsigned long long>(d.b));
  return text;
}

std::optional<Digest> parse_digest(const std::string& text) {
  if (text.size() != 32 || text.find_first_not_of("0123456789abcdef") != std::string::npos) return std::nullopt;
  return Digest{std::stoull(text.substr(0, 16), nullptr, 16), std::stoull(text.substr(16), nullptr, 16)};
}

TraceWriter::TraceWriter(std::ostream& out, const TraceHeader& h) : out_(out) {
  Ordered j;
  j["isobar_trace"] = kTraceVersion;
  j["name"] = h.name;
  j["source"] = h.source_file;
  j["variant"] = h.variant;
  j["seed"] = h.seed;
  j["driver"] = h.driver;
  j["machine"] = Ordered::object();
  for (const auto& [name, value] : h.machine) j["machine"][name] = value;
  j["text"] = h.source_text;
  out_ << dump(j) << '\n';
}

void TraceWriter::step(const TraceStep& s) {
  Ordered j;
  j["t"] = s.kind;
  j["core"] = s.core;
  j["slot"] = s.slot;
  j["choice"] = s.choice;
  if (s.time != 0) j["time"] = s.time;
  out_ << dump(j) << '\n';
  ++steps_;
}

void TraceWriter::finish(const TraceFooter& f) {
  Ordered j;
  j["end"] = f.complete ? "complete" : "interrupted";
  j["steps"] = steps_;
  j["outcome"] = Ordered::array();
  for (const auto& [label, value] : f.outcome) j["outcome"].push_back({label, value});
  j["digest"] = to_text(f.digest);
  out_ << dump(j) << '\n';
  out_.flush();
}

void write_trace(std::ostream& out, const Trace& t) {
  TraceWriter w(out, t.header);
  for (const TraceStep& s : t.steps) w.step(s);
  if (t.footer) w.finish(*t.footer);
}

Trace read_trace(std::istream& in, const std::string& file) {
  Trace t;
  std::string text;
  u32 number = 0;
  while (std::getline(in, text)) {
    ++number;
    const Line line(file, number, text);
    if (number == 1) {
      t.header = read_header(line);
      continue;
    }
    if (t.footer) line.fail("nothing may follow the footer");
    if (line.has("end")) {
      t.footer = read_footer(line, t.steps.size());
    } else {
      t.steps.push_back(read_step(line));
      t.line.push_back(number);
    }
  }
  if (number == 0) throw InputError(Diagnostic{{file, 1, 1}, "an empty file is not an Isobar trace"});
  return t;
}

}  // namespace isobar::trace
