# flightplan_compiling: how everything of ours is compiled. Not handed on to users of the library.

add_library(flightplan_compiling INTERFACE)

target_compile_options(flightplan_compiling INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wswitch-enum -Wstrict-prototypes -Wmissing-prototypes -Wvla
  $<$<BOOL:${FLIGHTPLAN_WERROR}>:-Werror>)
target_compile_definitions(flightplan_compiling INTERFACE $<$<BOOL:${FLIGHTPLAN_NO_NAMES}>:FPL_NO_NAMES>)

# FLIGHTPLAN_TUNED: the configurations that are shipped, as long as nobody chose flags for them. In these -O3, CMake's
# own choice, makes the library a sixth larger than -O2 and no faster; src/CMakeLists.txt goes further.
set(FLIGHTPLAN_TUNED "")
if(CMAKE_C_COMPILER_ID MATCHES "GNU|Clang" AND NOT CMAKE_C_FLAGS MATCHES "-O"
    AND NOT FLIGHTPLAN_SANITIZE AND NOT FLIGHTPLAN_FUZZ)
  if(CMAKE_C_FLAGS_RELEASE STREQUAL "-O3 -DNDEBUG")
    set(CMAKE_C_FLAGS_RELEASE "-O2 -DNDEBUG")
    list(APPEND FLIGHTPLAN_TUNED RELEASE)
  endif()
  if(CMAKE_C_FLAGS_RELWITHDEBINFO STREQUAL "-O2 -g -DNDEBUG")
    list(APPEND FLIGHTPLAN_TUNED RELWITHDEBINFO)
  endif()
endif()

# Only what is marked FPL_EXPORT leaves the library; functions not reached are dropped at link time.
set(CMAKE_C_VISIBILITY_PRESET hidden)
target_compile_options(flightplan_compiling INTERFACE -ffunction-sections -fdata-sections)
if(NOT APPLE)
  target_link_options(flightplan_compiling INTERFACE "LINKER:--gc-sections")
endif()

if(FLIGHTPLAN_SANITIZE)
  set(flags -fsanitize=${FLIGHTPLAN_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_compile_options(flightplan_compiling INTERFACE ${flags})
  target_link_options(flightplan_compiling INTERFACE ${flags})
endif()

if(FLIGHTPLAN_FUZZ)
  if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "FLIGHTPLAN_FUZZ needs clang, for libFuzzer is part of it; configure with -DCMAKE_C_COMPILER=clang")
  endif()
  target_compile_options(flightplan_compiling INTERFACE -fsanitize=fuzzer-no-link)
  target_link_options(flightplan_compiling INTERFACE -fsanitize=fuzzer-no-link)
endif()
