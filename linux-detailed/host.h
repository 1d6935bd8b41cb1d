// What the kernel of asm-user asks the host for: registers of threads, system calls, which thread runs next.
//
// Owns: which thread is on which core. Must not know: how orders are kept (asm-user), drivers. Its state is outside the
// machine's, so a run with it cannot be saved and continued twice; only timed runs use it.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <vector>

#include "linux-detailed/address_spaces.h"
#include "linux-detailed/kernel.h"
#include "linux-user/system.h"
#include "model/machine/machine.h"

namespace isobar::linux_detailed {

class Host {
 public:
  Host(linux_user::System& system, const model::MachineConfig& config, AddressSpaces& spaces);

  /// Before the first call.
  void attach(const model::Machine& machine) { image_ = &machine.image(); }
  void call(model::MachineState& s, unsigned core, Call what);

  /// The kernel has done a system call of the thread on `core` by itself.
  void note_quick_call(unsigned core, u64 number, u64 result) const;

  /// From now on every core stops where its thread is.
  void pause() { pausing_ = true; }
  /// Who wants `*stop` set when the process has ended or memory is exhausted.
  void tell(bool* stop) { stop_ = stop; }
  /// How many tasks a program for build_program() needs, and memory descriptors.
  static unsigned tasks(const linux_user::Options& options) { return options.cores + options.thread_limit; }

 private:
  struct CoreState {
    linux_user::Thread* current = nullptr;  ///< none: the idle task
    u64 slice_end = 0;
    u64 since = 0;  ///< until when the current thread has been charged for its time
    bool parked = false;
    bool abandoned = false;  ///< still executes a thread that another one has ended
  };

  void take_thread(model::MachineState& s, unsigned core, linux_user::Thread& t) const;
  void put_ids(model::MachineState& s, linux_user::Thread& t, u64 task) const;
  void trap(model::MachineState& s, unsigned core);
  void interrupt(model::MachineState& s, unsigned core);
  void decide(model::MachineState& s, unsigned core, u64 actions = 0, u64 membarrier = 0);
  void settle(CoreState& me);
  bool may_park() const;
  void pick(model::MachineState& s, unsigned core, u64& actions);
  void return_to_thread(model::MachineState& s, unsigned core);
  void set_timer(model::MachineState& s, unsigned core) const;
  void deliver(linux_user::Thread& t);
  u64 cores_to_interrupt(unsigned core) const;
  bool is_on_another_core(const linux_user::Thread& t, unsigned core) const;
  unsigned task_of(model::MachineState& s, linux_user::Thread& t);
  void forget_ended();
  bool only_timers_expire() const;
  u64 descriptor_of(model::MachineState& s, const linux_user::Thread& t);
  void follow(model::MachineState& s, linux_user::Thread& t, i32 tid_before);
  void note_writes(model::MachineState& s) const;

  linux_user::System& system_;
  std::shared_ptr<functional::Pool> pool_;
  const model::MachineConfig& config_;
  AddressSpaces& spaces_;
  const model::Image* image_ = nullptr;
  std::vector<CoreState> core_;
  std::map<i32, unsigned> task_;  ///< slot of the task of each thread that has been scheduled, by number
  std::vector<unsigned> free_;    ///< slots
  std::map<u64, unsigned> descriptor_;      ///< slot of the memory descriptor of each address space
  std::vector<unsigned> free_descriptors_;  ///< slots
  bool pausing_ = false;
  unsigned idle_rounds_ = 0;  ///< calls since a thread ran, or had a time-out
  bool* stop_ = nullptr;
};

/// Passes calls of the machine on to a Host.
class HostCalls final : public model::HostServices {
 public:
  explicit HostCalls(Host& host) : host_(host) {}
  void call(model::MachineState& s, unsigned core, u16 imm) const override {
    host_.call(s, core, static_cast<Call>(imm));
  }

 private:
  Host& host_;
};

}  // namespace isobar::linux_detailed
