# Everything comes from Debian packages (tools/setup lists them); nothing is downloaded while configuring.
find_package(PkgConfig REQUIRED)
find_package(Boost 1.74 REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(LIBEDIT REQUIRED IMPORTED_TARGET libedit)

if(NOT TARGET Boost::graph)
  add_library(Boost::graph INTERFACE IMPORTED)
  target_link_libraries(Boost::graph INTERFACE Boost::headers)
endif()

# Debian's SystemC was compiled as C++17 and checks the client's standard at link time; its headers distinguish
# nothing above C++17, so telling them 201703L is exact and keeps the version check.
if(ISOBAR_SYSTEMC)
  pkg_check_modules(SYSTEMC REQUIRED IMPORTED_TARGET systemc)
  add_library(isobar_systemc_import INTERFACE)
  target_link_libraries(isobar_systemc_import INTERFACE PkgConfig::SYSTEMC)
  target_compile_definitions(isobar_systemc_import INTERFACE SC_CPLUSPLUS=201703L)
endif()

# LLVM's assembler and disassembler for A64, static: a shared libLLVM costs 30 ms at every start.
find_program(ISOBAR_LLVM_CONFIG NAMES llvm-config-19 REQUIRED)
execute_process(COMMAND ${ISOBAR_LLVM_CONFIG} --link-static --libs aarch64asmparser aarch64desc aarch64disassembler aarch64info mc mcparser mcdisassembler support
                OUTPUT_VARIABLE ISOBAR_LLVM_LIBS OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${ISOBAR_LLVM_CONFIG} --includedir OUTPUT_VARIABLE ISOBAR_LLVM_INCLUDE OUTPUT_STRIP_TRAILING_WHITESPACE)
execute_process(COMMAND ${ISOBAR_LLVM_CONFIG} --libdir OUTPUT_VARIABLE ISOBAR_LLVM_LIBDIR OUTPUT_STRIP_TRAILING_WHITESPACE)
separate_arguments(ISOBAR_LLVM_LIBS)
find_package(ZLIB REQUIRED)
add_library(isobar_llvm INTERFACE)
target_include_directories(isobar_llvm SYSTEM INTERFACE ${ISOBAR_LLVM_INCLUDE})
target_link_directories(isobar_llvm INTERFACE ${ISOBAR_LLVM_LIBDIR})
target_link_libraries(isobar_llvm INTERFACE ${ISOBAR_LLVM_LIBS} ZLIB::ZLIB zstd tinfo Threads::Threads dl)
