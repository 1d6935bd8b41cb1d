// The A64 target of LLVM MC: registration, the immutable descriptions every assembler object needs, fatal
// errors.
#pragma once

#include <llvm/MC/MCAsmInfo.h>
#include <llvm/MC/MCInstrInfo.h>
#include <llvm/MC/MCRegisterInfo.h>
#include <llvm/MC/MCSubtargetInfo.h>
#include <llvm/MC/MCTargetOptions.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/TargetParser/Triple.h>

#include <memory>
#include <string>

namespace isobar::isa::mc {

/// What LLVM reports through report_fatal_error(), thrown by the handler that target() installs.
struct FatalError {
  std::string reason;
};

/// Immutable descriptions of A64 with every extension, one instance per thread.
struct Target {
  Target();

  llvm::Triple triple;
  const llvm::Target* target = nullptr;
  llvm::MCTargetOptions options;
  std::unique_ptr<llvm::MCRegisterInfo> registers;
  std::unique_ptr<llvm::MCAsmInfo> asm_info;
  std::unique_ptr<llvm::MCInstrInfo> instructions;
  std::unique_ptr<llvm::MCSubtargetInfo> subtarget;
};

/// The calling thread's instance, made on first use.
const Target& target();

}  // namespace isobar::isa::mc
