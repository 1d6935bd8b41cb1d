// The two machines that are compared: isa::step() on plain memory, and Unicorn.
#pragma once

#include <unicorn/unicorn.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "isa/sequential.h"
#include "tests/differential/layout.h"

namespace isobar::differential {

/// How one instruction ended, in terms both machines share.
enum class Ending : u8 { Completed, Svc, Smc, Brk, Undefined, ReadFault, WriteFault, Other };

const char* name(Ending e);

/// System registers that both machines exchange and compare.
inline constexpr isa::Reg kComparedSystemRegisters[] = {isa::Reg::TPIDR_EL0, isa::Reg::TPIDRRO_EL0,
                                                        isa::Reg::TPIDR_EL1, isa::Reg::FPCR, isa::Reg::FPSR};

using Data = std::array<u8, kDataSize>;

/// isa::step() on one page of data.
class Ours : public isa::MemoryInterface {
 public:
  Ending run(u32 word, isa::ArchState& state);
  bool fetch(u64 address, u32& word) override;
  bool read(const isa::Uop& u, u64 address, Value& value) override;
  bool write(const isa::Uop& u, u64 address, const Value& value) override;

  Data data{};

 private:
  u32 word_ = 0;
};

/// The registers of a Unicorn engine, all at once.
class UnicornRegisters {
 public:
  UnicornRegisters();
  void write(uc_engine* engine, const isa::ArchState& state);
  void read(uc_engine* engine, isa::ArchState& state);

 private:
  std::vector<int> registers_;
  std::vector<std::array<u64, 2>> values_;
  std::vector<void*> pointers_;
};

/// Throws InternalError unless `e` is UC_ERR_OK.
void check(uc_err e, const char* what);

/// Unicorn with every feature of its "max" core, at EL1 with SP_EL1.
class Theirs {
 public:
  Theirs();
  Theirs(const Theirs&) = delete;
  Theirs& operator=(const Theirs&) = delete;
  ~Theirs();

  /// Executes `word` at state.pc, which must be a fresh place of the code area; the state is updated.
  Ending run(u32 word, isa::ArchState& state);
  /// The next unused place for an instruction.
  u64 next_place();

  Data& data() { return *data_; }

 private:
  static void on_interrupt(uc_engine* engine, u32 number, void* self);

  struct Aligned {
    alignas(4096) std::array<u8, kCodeSize> code;
    alignas(4096) Data data;
  };
  uc_engine* engine_ = nullptr;
  uc_hook hook_ = 0;
  std::unique_ptr<Aligned> memory_ = std::make_unique<Aligned>();
  Data* data_ = &memory_->data;
  UnicornRegisters registers_;
  u64 next_ = kCode;
  i64 interrupt_ = -1;
};

}  // namespace isobar::differential
