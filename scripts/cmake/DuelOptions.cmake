# AUTO uses what is found and says so; ON makes a missing piece an error; OFF leaves it out.
foreach(feature CUDA CUDNN ONEDNN SIM_CHECKED)
  set(DUEL_${feature} AUTO CACHE STRING "AUTO, ON or OFF")
  set_property(CACHE DUEL_${feature} PROPERTY STRINGS AUTO ON OFF)
  if(NOT DUEL_${feature} MATCHES "^(AUTO|ON|OFF)$")
    message(FATAL_ERROR "DUEL_${feature} is '${DUEL_${feature}}': AUTO, ON or OFF")
  endif()
endforeach()
option(DUEL_SIM "The simulated GPU: every .cu compiled a second time for the host" ON)
# SIM_CHECKED: the simulated GPU a second time, with every access of a kernel checked.
option(DUEL_CPU_LEVELS "CPU rows also for x86-64-v3 and v4, chosen by the loader" ON)
option(DUEL_TESTS "Tests" ON)
option(DUEL_BENCH "Benches" ON)
set(DUEL_CUDA_ARCHITECTURES "" CACHE STRING "CUDA architectures such as 90a;100, or all; empty: the one of the GPU here, else 90a")
set(DUEL_EXTRA_KERNELS "" CACHE PATH "A folder of your own .cu rows, built into the same registry")
set(DUEL_SANITIZE "" CACHE STRING "Sanitizers, e.g. address,undefined")

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)
set(CMAKE_INSTALL_RPATH "$ORIGIN/../lib;$ORIGIN")
include(GNUInstallDirs)
set(CMAKE_INSTALL_LIBDIR lib)   # the loader's search for a CPU level starts beside the libraries

# -ffp-contract=off: a*b+c rounds twice unless it is written fma(), so that inline functions shared with device code give the same bits in
# every library and at every CPU level.
# -fno-math-errno, -fno-trapping-math: nothing here reads errno or the floating-point exception flags, and keeping them exact forbids the
# compiler to vectorise a square root or a choice between two results. Neither changes a value.
add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Wall> $<$<COMPILE_LANGUAGE:CXX>:-Wextra> $<$<COMPILE_LANGUAGE:CXX>:-Wno-missing-field-initializers>
                    $<$<COMPILE_LANGUAGE:CXX>:-ffp-contract=off> $<$<COMPILE_LANGUAGE:CXX>:-fno-math-errno>
                    $<$<COMPILE_LANGUAGE:CXX>:-fno-trapping-math>)
# clang does not know `GCC ivdep`, and vectorises those loops without it, by their __restrict; and an `omp simd` loop that it cannot vectorise
# is slower, not wrong.
add_compile_options($<$<COMPILE_LANG_AND_ID:CXX,Clang>:-Wno-unknown-pragmas> $<$<COMPILE_LANG_AND_ID:CXX,Clang>:-Wno-pass-failed>)
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1")   # asserts stay on; line tables for profilers and gdb
endif()
if(DUEL_SANITIZE)
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${DUEL_SANITIZE}> $<$<COMPILE_LANGUAGE:CXX>:-fno-omit-frame-pointer>)
  if(DUEL_SANITIZE MATCHES "undefined")   # checks at every access, which double the build; AddressSanitizer or the machine stop at most of these too
    add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fno-sanitize=null,alignment,object-size,vptr>)
  endif()
  add_link_options(-fsanitize=${DUEL_SANITIZE})
endif()
include_directories(${PROJECT_SOURCE_DIR})
