#include "isa/assembler_target.h"

#include <llvm/Support/ErrorHandling.h>

#include <mutex>

#include "support/diagnostic.h"

extern "C" {
void LLVMInitializeAArch64TargetInfo();
void LLVMInitializeAArch64TargetMC();
void LLVMInitializeAArch64AsmParser();
void LLVMInitializeAArch64Disassembler();
}

namespace isobar::isa::mc {

namespace {

// LLVM would exit(1) on return. Its objects are compiled with unwind tables, so that unwinding through them
// works; what their frames own is leaked, which only a malformed input can cause.
void on_fatal_error(void*, const char* reason, bool) {
  throw FatalError{reason};
}

void initialize_once() {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeAArch64TargetInfo();
    LLVMInitializeAArch64TargetMC();
    LLVMInitializeAArch64AsmParser();
    LLVMInitializeAArch64Disassembler();
    llvm::install_fatal_error_handler(on_fatal_error);
  });
}

}  // namespace

Target::Target() : triple("aarch64-unknown-linux-gnu") {
  initialize_once();
  std::string error;
  target = llvm::TargetRegistry::lookupTarget(triple.str(), error);
  if (target == nullptr) throw InternalError("LLVM has no A64 target: " + error);
  registers.reset(target->createMCRegInfo(triple.str()));
  asm_info.reset(target->createMCAsmInfo(*registers, triple.str(), options));
  instructions.reset(target->createMCInstrInfo());
  subtarget.reset(target->createMCSubtargetInfo(triple.str(), "", "+all"));
}

const Target& target() {
  thread_local const Target instance;
  return instance;
}

}  // namespace isobar::isa::mc
