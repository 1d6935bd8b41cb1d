// Lays out the sections of an assembled text and resolves the relocations between them, in memory.
#pragma once

#include <llvm/MC/MCAssembler.h>
#include <llvm/MC/MCELFObjectWriter.h>
#include <llvm/Support/raw_ostream.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "isa/assembler.h"
#include "isa/assembler_directives.h"

namespace isobar::isa::mc {

/// A section whose start counts as address 0; external symbols are defined relative to it.
inline constexpr const char* kAbsoluteSection = ".isobar.absolute";

/// Takes the place of LLVM's ELF file writer: instead of a file, one image at a fixed address.
class Linker : public llvm::ELFObjectWriter {
 public:
  using Report = std::function<void(llvm::SMLoc, const std::string&)>;
  Linker(std::unique_ptr<llvm::MCELFObjectTargetWriter> target, u64 base, Report report)
      : ELFObjectWriter(std::move(target), nowhere_, /*IsLittleEndian=*/true),
        base_(base),
        report_(std::move(report)) {}

  void recordRelocation(llvm::MCAssembler& assembler, const llvm::MCFragment* fragment,
                        const llvm::MCFixup& fixup, llvm::MCValue target, uint64_t& fixed_value) override;
  uint64_t writeObject(llvm::MCAssembler& assembler) override;

  /// After writeObject(): the image.
  Assembly take() { return std::move(image_); }
  /// First address of what a mark describes and an upper bound of its end; an empty range if it is not
  /// loaded.
  std::pair<u64, u64> range_of(const llvm::MCAssembler& assembler, const Mark& mark) const;

 private:
  struct Pending {
    const llvm::MCSection* section;
    llvm::ELFRelocationEntry entry;
    llvm::SMLoc where;
  };
  bool place(const llvm::MCAssembler& assembler);
  void copy_contents(const llvm::MCAssembler& assembler);
  void collect_labels(const llvm::MCAssembler& assembler);
  void resolve(const llvm::MCAssembler& assembler, const Pending& p);

  u64 base_;
  Report report_;
  llvm::raw_null_ostream nowhere_;
  std::vector<Pending> pending_;
  std::vector<const llvm::MCSection*> order_;
  std::map<const llvm::MCSection*, u64> start_;
  u64 size_ = 0;
  Assembly image_;
};

}  // namespace isobar::isa::mc
