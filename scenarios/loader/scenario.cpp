#include "scenarios/loader/scenario.h"

#include <algorithm>

namespace isobar::scenarios {

bool Expectation::applies_to(unsigned variant) const {
  return variants.empty() || std::find(variants.begin(), variants.end(), variant) != variants.end();
}

u64 Variant::entry(std::size_t index, const Thread& t) const {
  for (const VariantStart& s : starts) {
    if (s.thread == index) return s.entry;
  }
  return t.entry;
}

const MemoryLocation* Scenario::find_memory(std::string_view location) const {
  for (const MemoryLocation& m : memory) {
    if (m.name == location) return &m;
  }
  return nullptr;
}

int Scenario::find_thread(std::string_view thread) const {
  for (std::size_t i = 0; i < threads.size(); ++i) {
    if (threads[i].name == thread) return static_cast<int>(i);
  }
  return -1;
}

unsigned Scenario::observe(const Observed& o) {
  const auto same = [&](const Observed& p) {
    return p.kind == o.kind && p.thread == o.thread && p.reg == o.reg && p.address == o.address &&
           p.size == o.size;
  };
  const auto found = std::find_if(observed.begin(), observed.end(), same);
  if (found != observed.end()) return static_cast<unsigned>(found - observed.begin());
  observed.push_back(o);
  return static_cast<unsigned>(observed.size() - 1);
}

unsigned observe_fault(Scenario& s, unsigned thread, unsigned& address) {
  const std::string& name = s.threads.at(thread).name;
  const unsigned fault =
      s.observe({Observed::Kind::Fault, thread, isa::Reg::None, 0, 16, "fault(" + name + ")"});
  address = s.observe(
      {Observed::Kind::FaultAddress, thread, isa::Reg::None, 0, 8, "address of fault(" + name + ")"});
  return fault;
}

unsigned observe_waiting(Scenario& s, unsigned thread) {
  return s.observe(
      {Observed::Kind::Waiting, thread, isa::Reg::None, 0, 8, "waiting(" + s.threads.at(thread).name + ")"});
}

std::string_view name(Expectation::Kind k) {
  switch (k) {
    case Expectation::Kind::Never: return "never";
    case Expectation::Kind::Sometimes: return "sometimes";
    case Expectation::Kind::Always: return "always";
    case Expectation::Kind::States: return "states";
  }
  return {};
}

std::string_view name(How h) {
  switch (h) {
    case How::Explore: return "explore";
    case How::Random: return "random";
    case How::Timed: return "timed";
  }
  return {};
}

}  // namespace isobar::scenarios
