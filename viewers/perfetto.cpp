// Chrome's trace event format (JSON), as Perfetto and chrome://tracing read it. A microsecond there is a tick here.
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "trace/execution.h"
#include "viewers/timeline.h"

namespace isobar::viewers {

namespace {

using Json = nlohmann::ordered_json;

/// Slices of one thread may not overlap: each goes to the first lane that is free.
class Lanes {
 public:
  unsigned take(u64 begin, u64 end) {
    for (unsigned n = 0; n < busy_until_.size(); ++n) {
      if (busy_until_[n] > begin) continue;
      busy_until_[n] = end;
      return n;
    }
    busy_until_.push_back(end);
    return static_cast<unsigned>(busy_until_.size() - 1);
  }
  unsigned count() const { return static_cast<unsigned>(busy_until_.size()); }

 private:
  std::vector<u64> busy_until_;
};

constexpr unsigned kStoreBufferLane = 1000;

/// Where the slices of an instruction are.
struct Place {
  unsigned lane = 0;
  std::optional<unsigned> buffer_lane;
  u64 buffer_begin = 0;
};

Json arguments(const Instruction& i) {
  Json a = {{"pc", fmt::format("{:#x}", i.pc)}, {"word", fmt::format("{:08x}", i.word)}};
  if (i.discarded) a["discarded"] = true;
  if (i.executed) a["executed"] = *i.executed;
  for (const Access& x : i.accesses)
    a[x.write ? "writes" : "reads"] = fmt::format("[{:#x}] = {}", x.addr, trace::hex(x.value, x.size));
  for (const Result& r : i.results) a[r.name] = trace::hex(r.value, r.size);
  return a;
}

Json slice(const Instruction& i, unsigned lane, const std::string& name, u64 begin, u64 end) {
  return {{"ph", "X"}, {"pid", i.core}, {"tid", lane}, {"name", name}, {"ts", begin}, {"dur", end - begin}};
}

Json label(const char* what, unsigned core, std::optional<unsigned> lane, const std::string& name) {
  Json j = {{"ph", "M"}, {"name", what}, {"pid", core}, {"args", {{"name", name}}}};
  if (lane) j["tid"] = *lane;
  return j;
}

}  // namespace

std::string to_perfetto(const Timeline& t) {
  Json events = Json::array();
  std::vector<Lanes> pipeline(t.cores.size()), buffer(t.cores.size());
  std::vector<Place> place(t.instructions.size());
  for (std::size_t n = 0; n < t.instructions.size(); ++n) {
    const Instruction& i = t.instructions[n];
    const u64 end = std::max(i.fetched + 1, i.retired ? *i.retired : i.discarded ? *i.discarded : t.end + 1);
    place[n].lane = pipeline[i.core].take(i.fetched, end);
    Json event = slice(i, place[n].lane, i.text, i.fetched, end);
    event["args"] = arguments(i);
    events.push_back(std::move(event));
    if (!i.buffered) continue;
    const u64 drained = std::max(*i.buffered + 1, i.drained ? *i.drained : end);
    place[n].buffer_lane = kStoreBufferLane + buffer[i.core].take(*i.buffered, drained);
    place[n].buffer_begin = *i.buffered;
    events.push_back(slice(i, *place[n].buffer_lane, i.text, *i.buffered, drained));
  }
  for (std::size_t n = 0; n < t.reads_from.size(); ++n) {
    const ReadsFrom& rf = t.reads_from[n];
    const Place& from = place[rf.writer];
    const Instruction& writer = t.instructions[rf.writer];
    const Instruction& reader = t.instructions[rf.reader];
    const u64 begin = from.buffer_lane ? from.buffer_begin : writer.fetched;
    events.push_back({{"ph", "s"}, {"name", "reads-from"}, {"cat", "rf"}, {"id", n}, {"pid", writer.core},
                      {"tid", from.buffer_lane.value_or(from.lane)}, {"ts", begin}});
    events.push_back({{"ph", "f"}, {"bp", "e"}, {"name", "reads-from"}, {"cat", "rf"}, {"id", n}, {"pid", reader.core},
                      {"tid", place[rf.reader].lane}, {"ts", rf.time}});
  }
  for (unsigned core = 0; core < t.cores.size(); ++core) {
    events.push_back(label("process_name", core, std::nullopt, t.cores[core]));
    for (unsigned n = 0; n < pipeline[core].count(); ++n)
      events.push_back(label("thread_name", core, n, fmt::format("window {}", n)));
    for (unsigned n = 0; n < buffer[core].count(); ++n)
      events.push_back(label("thread_name", core, kStoreBufferLane + n, fmt::format("store buffer {}", n)));
  }
  const Json document = {{"displayTimeUnit", "ms"}, {"otherData", {{"title", t.title}}}, {"traceEvents", events}};
  return document.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace isobar::viewers
