@echo off
rem Double-click: asks for region and organization once, then measures this PC. With words: nra.cmd run --help
setlocal DisableDelayedExpansion
set "PYTHONHOME="
set "PYTHONPATH="
set "_target=win_amd64"
if /i "%PROCESSOR_ARCHITECTURE%"=="ARM64" if exist "%~dp0rt\win_arm64\python.exe" set "_target=win_arm64"
if not exist "%~dp0rt\%_target%\python.exe" set "_target=win_arm64"
if not exist "%~dp0rt\%_target%\python.exe" goto missing
if "%~1"=="" cd /d "%~dp0" 2>nul
"%~dp0rt\%_target%\python.exe" -X utf8 -B -m nra.cli.on_stick %*
set "_code=%ERRORLEVEL%"
for %%c in (0 1 2 3 130) do if "%_code%"=="%%c" goto end
echo nra: Windows did not let "%~dp0rt\%_target%\python.exe" run (code %_code%): see README.txt 1>&2
goto end
:missing
echo nra: error: "%~dp0rt" holds no Python for Windows: was the whole folder copied? 1>&2
set "_code=2"
:end
if "%~1"=="" pause
exit /b %_code%
