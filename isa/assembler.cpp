#include "isa/assembler.h"

#include <llvm/BinaryFormat/ELF.h>
#include <llvm/MC/MCAsmBackend.h>
#include <llvm/MC/MCCodeEmitter.h>
#include <llvm/MC/MCContext.h>
#include <llvm/MC/MCInst.h>
#include <llvm/MC/MCObjectFileInfo.h>
#include <llvm/MC/MCObjectStreamer.h>
#include <llvm/MC/MCParser/MCTargetAsmParser.h>
#include <llvm/MC/MCSectionELF.h>
#include <llvm/Support/MemoryBuffer.h>

#include <algorithm>
#include <tuple>

#include "isa/answers.h"
#include "isa/assembler_directives.h"
#include "isa/assembler_link.h"
#include "isa/assembler_target.h"
#include "isa/assembler_text.h"
#include "support/bits.h"

namespace isobar::isa {

namespace {

using llvm::SMLoc;

constexpr std::size_t kMaxDiagnostics = 100;
constexpr std::size_t kMaxExcerpt = 80;  ///< characters of an expanded line in a message

/// Passes instructions on to LLVM's encoder, telling where each one comes from.
class MarkingEmitter : public llvm::MCCodeEmitter {
 public:
  using Watch = std::function<void(SMLoc)>;
  explicit MarkingEmitter(llvm::MCCodeEmitter* inner) : inner_(inner) {}
  void encodeInstruction(const llvm::MCInst& instruction, llvm::SmallVectorImpl<char>& bytes,
                         llvm::SmallVectorImpl<llvm::MCFixup>& fixups,
                         const llvm::MCSubtargetInfo& subtarget) const override {
    if (watch && instruction.getLoc().isValid()) watch(instruction.getLoc());
    inner_->encodeInstruction(instruction, bytes, fixups, subtarget);
  }
  Watch watch;

 private:
  std::unique_ptr<llvm::MCCodeEmitter> inner_;
};

/// One run of the assembler over one text.
class Run {
 public:
  Run(const std::string& text, u64 base, const AssemblerOptions& options);
  Assembly take();

 private:
  static void on_diagnostic(const llvm::SMDiagnostic& d, void* self) { static_cast<Run*>(self)->diagnose(d); }
  void diagnose(const llvm::SMDiagnostic& d);
  void report(SMLoc where, const std::string& message);
  Location locate(SMLoc where);
  void define_symbols();
  void on_instruction(SMLoc where);
  void parse();
  void map_lines();

  const AssemblerOptions& options_;
  const mc::Target& target_ = mc::target();
  llvm::SourceMgr sources_;
  unsigned main_;
  mc::Origins origins_;
  mc::AssignmentCheck assignments_;
  std::unique_ptr<llvm::MCContext> context_;
  std::unique_ptr<llvm::MCObjectFileInfo> file_info_;
  std::unique_ptr<llvm::MCStreamer> streamer_;
  std::unique_ptr<llvm::MCAsmParser> parser_;
  std::unique_ptr<llvm::MCTargetAsmParser> target_parser_;
  mc::Directives directives_;
  MarkingEmitter* emitter_ = nullptr;
  mc::Linker* linker_ = nullptr;
  std::vector<Diagnostic> diagnostics_;
  std::size_t awaiting_ = 0;  ///< index + 1 of a diagnostic whose place the notes that follow it will tell
  Assembly image_;
};

Run::Run(const std::string& text, u64 base, const AssemblerOptions& options)
    : options_(options),
      main_(sources_.AddNewSourceBuffer(llvm::MemoryBuffer::getMemBufferCopy(text), SMLoc())),
      origins_(sources_, main_),
      directives_(origins_, assignments_) {
  assignments_.check(text);
  sources_.setDiagHandler(on_diagnostic, this);
  context_ =
      std::make_unique<llvm::MCContext>(target_.triple, target_.asm_info.get(), target_.registers.get(),
                                        target_.subtarget.get(), &sources_, &target_.options);
  context_->setDiagnosticHandler(
      [this](const llvm::SMDiagnostic& d, bool, const llvm::SourceMgr&, auto&) { diagnose(d); });
  file_info_.reset(target_.target->createMCObjectFileInfo(*context_, /*PIC=*/false));
  context_->setObjectFileInfo(file_info_.get());

  std::unique_ptr<llvm::MCAsmBackend> backend(
      target_.target->createMCAsmBackend(*target_.subtarget, *target_.registers, target_.options));
  std::unique_ptr<llvm::MCELFObjectTargetWriter> elf(
      llvm::cast<llvm::MCELFObjectTargetWriter>(backend->createObjectTargetWriter().release()));
  auto linker = std::make_unique<mc::Linker>(
      std::move(elf), base, [this](SMLoc where, const std::string& message) { report(where, message); });
  linker_ = linker.get();
  auto emitter =
      std::make_unique<MarkingEmitter>(target_.target->createMCCodeEmitter(*target_.instructions, *context_));
  emitter_ = emitter.get();
  streamer_.reset(target_.target->createMCObjectStreamer(target_.triple, *context_, std::move(backend),
                                                         std::move(linker), std::move(emitter),
                                                         *target_.subtarget));
  define_symbols();
  parse();
  if (diagnostics_.empty()) map_lines();
}

void Run::define_symbols() {
  if (options_.symbols.empty()) return;
  streamer_->switchSection(context_->getELFSection(mc::kAbsoluteSection, llvm::ELF::SHT_PROGBITS, 0));
  llvm::MCSymbol* zero = context_->createTempSymbol();
  streamer_->emitLabel(zero);
  for (const auto& [name, value] : options_.symbols) {
    const auto* constant = llvm::MCConstantExpr::create(static_cast<i64>(value), *context_);
    const auto* address =
        llvm::MCBinaryExpr::createAdd(llvm::MCSymbolRefExpr::create(zero, *context_), constant, *context_);
    streamer_->emitAssignment(context_->getOrCreateSymbol(name), constant);
    streamer_->emitAssignment(context_->getOrCreateSymbol(name + mc::kAddressSuffix), address);
  }
}

void Run::on_instruction(SMLoc where) {
  directives_.mark(where, true);
  if (options_.symbols.empty()) return;
  const std::string_view rest = directives_.rest_of_buffer(where);
  const std::string_view target =
      mc::external_target(rest.substr(0, rest.find_first_of("\n;")), options_.symbols);
  if (target.empty()) return;
  parser_->printError(where, "external symbol '" + std::string(target) +
                                 "' cannot become a pc-relative target through a macro argument");
}

void Run::parse() {
  parser_.reset(llvm::createMCAsmParser(sources_, *context_, *streamer_, *target_.asm_info));
  target_parser_.reset(target_.target->createMCAsmParser(*target_.subtarget, *parser_, *target_.instructions,
                                                         target_.options));
  parser_->setTargetParser(*target_parser_);
  directives_.Initialize(*parser_);
  directives_.too_many_errors = [this] { return diagnostics_.size() >= kMaxDiagnostics; };
  emitter_->watch = [this](SMLoc where) { on_instruction(where); };
  const bool failed = parser_->Run(/*NoInitialTextSection=*/false);
  if (failed && diagnostics_.empty()) diagnostics_.push_back({{options_.file, 0, 0}, "assembly failed"});
}

Location Run::locate(SMLoc where) {
  where = origins_.resolve(where);
  if (!where.isValid()) return {options_.file, 0, 0};
  const auto [line, column] = sources_.getLineAndColumn(where, main_);
  return {options_.file, options_.first_line + line - 1,
          line == 1 ? options_.first_column + column - 1 : column};
}

void Run::report(SMLoc where, const std::string& message) {
  if (diagnostics_.size() < kMaxDiagnostics) diagnostics_.push_back({locate(where), message});
}

void Run::diagnose(const llvm::SMDiagnostic& d) {
  if (d.getKind() == llvm::SourceMgr::DK_Note) {
    if (directives_.learning()) directives_.outermost = d.getLoc();
    // After an error in a macro LLVM prints the instantiations, innermost first; the last one is in the
    // source text.
    if (awaiting_ != 0) {
      const Location where = locate(d.getLoc());
      if (where.line != 0) diagnostics_[awaiting_ - 1].where = where;
    }
    return;
  }
  awaiting_ = 0;
  if (d.getKind() != llvm::SourceMgr::DK_Error || directives_.stopped()) return;
  std::string message = d.getMessage().str();
  for (std::size_t at = message.find(mc::kAddressSuffix); at != std::string::npos;
       at = message.find(mc::kAddressSuffix)) {
    message.erase(at, std::char_traits<char>::length(mc::kAddressSuffix));
  }
  if (d.getLoc().isValid() && origins_.buffer_of(d.getLoc()) != main_) {
    message += " (in expansion: " + d.getLineContents().trim().take_front(kMaxExcerpt).str() + ")";
  }
  report(d.getLoc(), message);
  if (!diagnostics_.empty() && diagnostics_.back().where.line == 0) awaiting_ = diagnostics_.size();
}

void Run::map_lines() {
  image_ = linker_->take();
  image_.line_of_word.assign((image_.bytes.size() + 3) / 4, 0);
  const llvm::MCAssembler& assembler = static_cast<llvm::MCObjectStreamer&>(*streamer_).getAssembler();
  struct Placed {
    u64 begin;
    u64 end;
    u32 line;
  };
  std::vector<Placed> placed;
  for (const mc::Mark& m : directives_.marks()) {
    const auto [begin, end] = linker_->range_of(assembler, m);
    if (begin < end) placed.push_back({begin, m.instruction ? begin + 4 : end, locate(m.where).line});
  }
  std::sort(placed.begin(), placed.end(), [](const Placed& a, const Placed& b) {
    return std::tie(a.begin, a.end, a.line) < std::tie(b.begin, b.end, b.line);
  });
  for (std::size_t i = 0; i < placed.size(); ++i) {
    const Placed& p = placed[i];
    const u64 end = i + 1 < placed.size() ? std::min(p.end, placed[i + 1].begin) : p.end;
    for (u64 a = align_down(p.begin, 4); a < end; a += 4) image_.line_of_word[(a - image_.base) / 4] = p.line;
  }
}

Assembly Run::take() {
  if (!diagnostics_.empty()) throw InputError(std::move(diagnostics_));
  return std::move(image_);
}

/// A place in the source text given as an offset into it.
Location locate_offset(std::string_view text, std::size_t offset, const AssemblerOptions& options) {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  const auto lines = static_cast<u32>(std::count(before.begin(), before.end(), '\n'));
  const std::size_t newline = before.rfind('\n');
  const std::size_t column = newline == std::string_view::npos ? before.size() : before.size() - newline - 1;
  return {options.file, options.first_line + lines,
          static_cast<u32>(column) + (lines == 0 ? options.first_column : 1)};
}

Assembly assemble_anew(std::string_view text, u64 base, const AssemblerOptions& options) {
  const auto fail = [&](std::size_t offset, const std::string& message) {
    const Diagnostic d{locate_offset(text, offset, options), message};
    throw InputError(d);
  };
  if (!is_aligned(base, 4)) fail(0, "assembly address is not a multiple of 4");
  if (text.size() > mc::kMaxText) fail(0, "assembly text is larger than 4 MiB");
  if (const mc::TextProblem p = mc::check_shape(text)) fail(p.offset, p.message);
  const std::string prepared = mc::prepare(text, options.symbols);
  if (const mc::TextProblem p = mc::AssignmentCheck().check(prepared)) {
    // Offsets in prepared text are only good for counting lines.
    const auto line =
        static_cast<u32>(std::count(prepared.begin(), prepared.begin() + static_cast<long>(p.offset), '\n'));
    const Diagnostic d{{options.file, options.first_line + line, 0}, p.message};
    throw InputError(d);
  }
  try {
    return Run(prepared, base, options).take();
  } catch (const mc::FatalError& e) {
    const Diagnostic d{{options.file, options.first_line, 0}, "the assembler gave up: " + e.reason};
    throw InputError(d);
  }
}

}  // namespace

Assembly assemble(std::string_view text, u64 base, const AssemblerOptions& options) {
  Answers* const answers = AnswerRecorder::current();
  if (answers == nullptr) return assemble_anew(text, base, options);
  Answers::Text& answer = answers->texts[question(text, base, options)];
  try {
    answer.assembly = assemble_anew(text, base, options);
  } catch (const InputError& e) {
    answer.errors = e.diagnostics();
    throw;
  }
  return answer.assembly;
}

}  // namespace isobar::isa
