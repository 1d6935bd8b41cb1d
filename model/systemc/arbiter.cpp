#include "model/systemc/arbiter.h"

#include "model/systemc/memory_attributes.h"

namespace isobar::systemc {

Arbiter::Arbiter(const sc_core::sc_module_name& name) : sc_module(name) {
  SC_METHOD(wake);
  sensitive << due_;
  dont_initialize();
}

void Arbiter::schedule(u64 ticks) {
  if (ticks == 0)
    due_.notify(sc_core::SC_ZERO_TIME);
  else
    due_.notify(to_sc_time(ticks));
}

void Arbiter::run(Sequencer& s, u64 start, u64 quantum) {
  sequencer_ = &s;
  now_ = kernel_ = start;
  quantum_ = quantum;
  failure_ = nullptr;
  due_.cancel();
  schedule(0);
  sc_core::sc_start();
  sequencer_ = nullptr;
  if (failure_ != nullptr) std::rethrow_exception(failure_);
}

void Arbiter::wake() {
  if (sequencer_ == nullptr) return;
  try {
    do {
      const std::optional<u64> next = sequencer_->activate(now_);
      if (!next) return;
      now_ = *next;
    } while (now_ - kernel_ <= quantum_);
    schedule(now_ - kernel_);
    kernel_ = now_;
  } catch (...) {
    // An exception must not cross the kernel, which would stay in an unusable state.
    failure_ = std::current_exception();
  }
}

}  // namespace isobar::systemc
