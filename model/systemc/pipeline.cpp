#include "model/systemc/pipeline.h"

#include <algorithm>

#include "model/thread/guards.h"

namespace isobar::systemc {

using isa::BarrierOp;
using isa::UopKind;
using model::Core;
using model::Entry;
using model::Row;

namespace {

constexpr std::array<std::string_view, kCauses> kNames{
#define X(name, text) text,
    ISOBAR_CAUSES(X)
#undef X
};

/// What an access waits for when its address becomes known, as far as it is an order that somebody asked for.
Cause held_by(Row row, Cause own) {
  switch (row) {
    case Row::G7:
    case Row::G8:
    case Row::G9:
    case Row::G10:
    case Row::TRead:
    case Row::TWrite:
    case Row::T2:
    case Row::T3: return Cause::Order;
    case Row::G11:
    case Row::G12:
    case Row::G13:
    case Row::G14: return Cause::Barrier;
    default: return own;
  }
}

bool is_atomic(const Entry& e) { return e.uop->mem.atomic || (model::is_write(e) && e.uop->mem.exclusive); }

unsigned latency_of(const PipelineConfig& config, BarrierOp op) {
  switch (op) {
    case BarrierOp::DmbLoad: return config.dmb_load;
    case BarrierOp::DmbStore: return config.dmb_store;
    case BarrierOp::DmbFull: return config.dmb_full;
    default: return config.dsb;
  }
}

}  // namespace

std::string_view name(Cause c) { return kNames.at(static_cast<std::size_t>(c)); }

bool Pipeline::begins(const Entry& e) {
  return model::is_access(e) && e.address_known && !e.fired && !e.inert && !e.faulting;
}

void Pipeline::forget(const Core& c, u64 now) {
  const u32 oldest = c.window.empty() ? c.next_seq : c.window.front().seq;
  std::erase_if(begun_, [&](const Begun& b) { return b.seq < oldest; });
  std::erase_if(held_, [&](const Held& h) { return h.seq < oldest && h.until <= now; });
  std::erase_if(fills_, [&](const Fill& f) { return f.until <= now; });
}

void Pipeline::complete(const PipelineConfig& config, const Entry& e, u64 now) {
  const UopKind kind = e.uop->kind;
  if (kind != UopKind::Barrier && kind != UopKind::Isb && kind != UopKind::Eret && kind != UopKind::Exception) return;
  const auto same = [&](const Held& h) { return h.seq == e.seq; };
  if (std::any_of(held_.begin(), held_.end(), same)) return;
  held_.push_back({e.seq, BarrierOp::DmbFull, 0});
  if (kind == UopKind::Barrier) {
    const BarrierOp op = e.uop->barrier_op();
    held_.back() = {e.seq, op, now + latency_of(config, op)};
  } else if (kind == UopKind::Isb) {
    hold_fetch(now + config.isb, Cause::Fetch);
  } else {
    hold_fetch(now + (kind == UopKind::Eret ? config.exception_return : config.exception_entry), Cause::Exception);
  }
}

Pipeline::Begun* Pipeline::find(u32 seq) {
  const auto it = std::find_if(begun_.begin(), begun_.end(), [&](const Begun& b) { return b.seq == seq; });
  return it == begun_.end() ? nullptr : &*it;
}

u64 Pipeline::held_until(const Entry& e) const {
  u64 until = 0;
  for (const Held& h : held_)
    if (h.seq < e.seq && model::barrier_holds(h.op, e)) until = std::max(until, h.until);
  return until;
}

void Pipeline::ask(const PipelineConfig& config, Begun& b, u64 from, Way way) {
  b.fetched = from + way.ticks;
  b.brings = true;
  if (!way.miss) return;
  // A line that an older access has asked for is there for this one as well; one to read is no good for a
  // store.
  u64 comes = 0;
  for (const Begun& other : begun_)
    if (config.merged_misses && other.brings && other.line == b.line && other.seq < b.seq &&
        (b.read || !other.read))
      comes = std::max(comes, other.fetched);
  if (comes != 0) {
    b.fetched = std::max(from + way.hit, comes);
    return;
  }
  const unsigned limit = b.read ? config.load_misses : config.store_misses;
  std::vector<u64> busy;
  for (const Fill& f : fills_)
    if (f.until > from && f.read == b.read) busy.push_back(f.until);
  if (busy.size() >= limit) {
    std::sort(busy.begin(), busy.end());
    b.fetched = busy[busy.size() - limit] + way.ticks;
  }
  fills_.push_back({b.fetched, b.read});
}

Pipeline::Begun Pipeline::begin(const model::MachineConfig& machine, const Core& c, unsigned slot, u64 now,
                                Way way) const {
  const Entry& e = c.window[slot];
  Begun b;
  b.seq = e.seq;
  b.line = e.addr / machine.line_bytes;
  b.latency = static_cast<unsigned>(way.ticks);
  b.read = model::is_read(e) && !is_atomic(e);
  b.ideal = now + way.ticks;
  b.own = is_atomic(e) ? Cause::Atomic : model::is_read(e) ? Cause::Load : Cause::Store;
  const model::Wait wait =
      model::is_read(e) ? model::satisfy_wait(machine, c, slot) : model::propagate_wait(machine, c, slot);
  b.held = held_by(wait.row, b.own);
  if (b.held == b.own && held_until(e) > now) b.held = Cause::Barrier;
  return b;
}

bool Pipeline::may_fetch(const PipelineConfig& config, const Core& c, unsigned slot, unsigned stores) {
  const Entry& e = c.window[slot];
  // The line of an atomic is fetched with its write, and never ahead.
  if (is_atomic(e) || (model::is_read(e) ? !config.early_loads : stores > config.owned_ahead)) return false;
  for (unsigned j = 0; j < slot; ++j) {
    const Entry& q = c.window[j];
    if (q.uop->kind == UopKind::Barrier && !q.fired && model::barrier_holds(q.uop->barrier_op(), e)) return false;
  }
  return true;
}

u64 Pipeline::ready(const PipelineConfig& config, const Entry& e, u64 now, Way way) {
  const u64 from = std::max(now, held_until(e));
  Begun* b = find(e.seq);
  if (b == nullptr) return from + way.ticks;
  if (b->turn == 0) b->turn = now;
  // A line that was there when the access began and has gone since must be fetched once more.
  const bool lost = way.ticks > b->latency;
  if (b->fetched != 0 && !lost) return std::max(from, b->fetched);
  Begun now_asked = *b;
  ask(config, now_asked, from, way);
  if (config.merged_misses) *b = now_asked;
  return now_asked.fetched;
}

void Pipeline::line_taken(const PipelineConfig& config, const Core& c, u64 line, bool written, u64 now,
                          u64 ticks) {
  for (Begun& b : begun_) {
    if (b.line != line || (b.read && !written)) continue;
    b.brings = false;
    if (b.turn != 0 || b.fetched == 0 || b.fetched > now) continue;
    if (b.read ? b.held != Cause::Order : !config.lost_lines) continue;
    const auto same = [&](const Entry& e) { return e.seq == b.seq && !e.fired; };
    if (std::none_of(c.window.begin(), c.window.end(), same)) continue;
    b.replayed |= b.read;
    b.latency = static_cast<unsigned>(ticks);
    ask(config, b, b.read ? now + config.replay : now, {ticks, true, 0});
  }
}

bool Pipeline::room(const PipelineConfig& config, const Core& c) const {
  const auto in_flight = [&](auto kind) {
    return static_cast<unsigned>(std::count_if(c.window.begin(), c.window.end(), kind));
  };
  return in_flight([](const Entry& e) { return model::is_read(e); }) < config.load_queue &&
         in_flight([](const Entry& e) { return model::is_write(e); }) < config.store_queue;
}

void Pipeline::hold_fetch(u64 until, Cause why) {
  if (until <= fetch_from_) return;
  fetch_from_ = until;
  fetch_why_ = why;
}

void Pipeline::space_barrier(const PipelineConfig& config, BarrierOp op, u64 now) {
  const bool dmb = op == BarrierOp::DmbLoad || op == BarrierOp::DmbStore || op == BarrierOp::DmbFull;
  const u64 taken = std::max(now, next_barrier_);
  if (taken > now) hold_fetch(taken, Cause::Barrier);
  next_barrier_ = taken + (dmb ? config.dmb_every : config.dsb_every);
}

void Pipeline::squashed(const PipelineConfig& config, u32 first_seq, u64 now) {
  std::erase_if(begun_, [&](const Begun& b) { return b.seq >= first_seq; });
  std::erase_if(held_, [&](const Held& h) { return h.seq >= first_seq; });
  hold_fetch(now + config.wrong_guess, Cause::Fetch);
}

void Pipeline::count(const Core& c, u64 now, u64 until) {
  if (c.window.empty() && (c.stop.stopped || c.waiting)) return;
  if (fetched_at_ == now) {
    add(Cause::Issue, 1);
    ++now;
  }
  if (now >= until) return;
  const auto oldest = std::find_if(c.window.begin(), c.window.end(), [](const Entry& e) {
    return model::is_access(e) && !e.fired && !e.inert;
  });
  if (oldest == c.window.end()) {
    const u64 held = std::min(until, std::max(now, fetch_from_));
    add(fetch_why_, held - now);
    add(Cause::Fetch, until - held);
    return;
  }
  const Begun* b = find(oldest->seq);
  if (b == nullptr) {
    add(is_atomic(*oldest) ? Cause::Atomic : model::is_read(*oldest) ? Cause::Load : Cause::Store, until - now);
    return;
  }
  const u64 done = std::min(until, std::max(now, b->ideal));
  add(b->own, done - now);
  const Cause why = b->replayed && b->turn != 0 ? Cause::Replay : b->held;
  // A barrier that was not complete when the access began may hold it back since.
  const u64 behind = why == b->own ? std::min(until, std::max(done, held_until(*oldest))) : done;
  add(Cause::Barrier, behind - done);
  add(why, until - behind);
}

}  // namespace isobar::systemc
